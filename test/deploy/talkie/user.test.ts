import { test } from 'tap'
import { build, environment, PASSWORD } from '../../support/application.js'
import { run } from '../../support/command.js'

const LOGIN_FAILED = { code: 'LOGIN_FAILED' }

test('an account is added with the password of standard input, which is in no line', async t => {
  const env = environment(t)
  t.strictSame(await run(['user', 'add', 'minji'], env, `${PASSWORD}\nignored\n`), {
    code: 0,
    said: ['minji is added'],
    complained: [],
  })
  const app = await build(t, env)
  t.match(await app.auth.login('minji', PASSWORD), { user: { username: 'minji', display_name: 'minji' } })
})

test('a generated password is all that is written, and opens the account', async t => {
  const env = environment(t)
  const { code, said } = await run(['user', 'add', 'minji', '--generate'], env)
  t.equal(code, 0)
  t.match(said, [/^[\w-]{20}$/])
  const reset = await run(['user', 'reset-password', 'Minji', '--generate'], env)
  t.match(reset, { code: 0, said: [/^[\w-]{20}$/] })
  t.not(reset.said[0], said[0])
  const app = await build(t, env)
  await t.rejects(app.auth.login('minji', said[0] as string), LOGIN_FAILED)
  t.match(await app.auth.login('minji', reset.said[0] as string), { user: { username: 'minji' } })
})

test('a block and a new password end the sessions that a server left, and unblocking lets in again', async t => {
  const env = environment(t, { JWT_SECRET: 'a secret of at least 32 characters' })
  const before = await build(t, env)
  const { token } = await before.auth.register({ username: 'minji', password: PASSWORD })
  const other = await before.auth.register({ username: 'bob', password: PASSWORD })
  await before.close()
  t.match(await run(['user', 'block', 'minji'], env), { code: 0, said: ['minji is blocked; sessions ended: 1'] })

  const during = await build(t, env)
  await t.rejects(during.auth.authenticate(token), { code: 'UNAUTHORIZED' })
  await t.rejects(during.auth.login('minji', PASSWORD), LOGIN_FAILED)
  t.match(await during.auth.authenticate(other.token), { username: 'bob' })
  await during.close()

  t.match(await run(['user', 'unblock', 'minji'], env), { code: 0, said: ['minji may log in again'] })
  t.match(await run(['user', 'reset-password', 'bob'], env, 'another good one'), {
    code: 0,
    said: ['bob has another password; sessions ended: 1'],
  })
  const after = await build(t, env)
  t.match(await after.auth.login('minji', PASSWORD), { user: { username: 'minji' } })
  await t.rejects(after.auth.authenticate(other.token), { code: 'UNAUTHORIZED' })
  t.match(await after.auth.login('bob', 'another good one'), { user: { username: 'bob' } })
})

test('what cannot be done is one line and exit code 1', async t => {
  const env = environment(t)
  await run(['user', 'add', 'minji'], env, PASSWORD)
  for (const [args, input, line] of [
    [['add', 'Minji'], PASSWORD, 'The name Minji is taken'],
    [['add', 'a b'], PASSWORD, 'A username is 3 to 30 of A–Z, a–z, 0–9, _ and -'],
    [['add', 'bob'], 'short', 'A password has at least 8 characters'],
    [['add', 'bob'], 'x'.repeat(73), 'A password has at most 72 bytes'],
    [['add', 'bob'], 'x'.repeat(2000), 'line 1: is longer than 1024 bytes'],
    [['add', 'bob'], '', 'Standard input holds no password: write one line to it, or say --generate'],
    [['block', 'bob'], '', 'No user bob'],
    [['unblock', 'bob'], '', 'No user bob'],
    [['reset-password', 'bob'], PASSWORD, 'No user bob'],
  ] as const) {
    t.strictSame(await run(['user', ...args], env, input), { code: 1, said: [], complained: [line] })
  }
})
