import { test } from 'tap'
import { errors } from '../../../schemas/error.js'
import { build, environment, PASSWORD } from '../../support/application.js'
import { run } from '../../support/command.js'
import { eventually } from '../../support/eventually.js'

const LOGIN_FAILED = { code: 'LOGIN_FAILED' }

test('user add reads the password from standard input and does not print it', async t => {
  const env = environment(t)
  t.strictSame(await run(['user', 'add', 'minji'], env, `${PASSWORD}\nignored\n`), {
    code: 0,
    stdout: ['Created account minji'],
    stderr: [],
  })
  const app = await build(t, env)
  t.match(await app.auth.login('minji', PASSWORD), { user: { username: 'minji', display_name: 'minji' } })
})

test('--generate prints only the password, and the password works', async t => {
  const env = environment(t)
  const { code, stdout } = await run(['user', 'add', 'minji', '--generate'], env)
  t.equal(code, 0)
  t.match(stdout, [/^[\w-]{20}$/])
  const reset = await run(['user', 'reset-password', 'Minji', '--generate'], env)
  t.match(reset, { code: 0, stdout: [/^[\w-]{20}$/] })
  t.not(reset.stdout[0], stdout[0])
  const app = await build(t, env)
  await t.rejects(app.auth.login('minji', stdout[0] as string), LOGIN_FAILED)
  t.match(await app.auth.login('minji', reset.stdout[0] as string), { user: { username: 'minji' } })
})

test('block and reset-password end existing sessions, and unblock allows logins again', async t => {
  const env = environment(t, { JWT_SECRET: 'a secret of at least 32 characters' })
  const before = await build(t, env)
  const { token } = await before.auth.register({ username: 'minji', password: PASSWORD })
  const other = await before.auth.register({ username: 'bob', password: PASSWORD })
  await before.close()
  t.match(await run(['user', 'block', 'minji'], env), { code: 0, stdout: ['Blocked minji; sessions ended: 1'] })

  const during = await build(t, env)
  await t.rejects(during.auth.authenticate(token), { code: 'UNAUTHORIZED' })
  await t.rejects(during.auth.login('minji', PASSWORD), LOGIN_FAILED)
  t.match(await during.auth.authenticate(other.token), { username: 'bob' })
  await during.close()

  t.match(await run(['user', 'unblock', 'minji'], env), { code: 0, stdout: ['Unblocked minji'] })
  t.match(await run(['user', 'reset-password', 'bob'], env, 'another good one'), {
    code: 0,
    stdout: ['Reset the password of bob; sessions ended: 1'],
  })
  const after = await build(t, env)
  t.match(await after.auth.login('minji', PASSWORD), { user: { username: 'minji' } })
  await t.rejects(after.auth.authenticate(other.token), { code: 'UNAUTHORIZED' })
  t.match(await after.auth.login('bob', 'another good one'), { user: { username: 'bob' } })
})

test('the first account that is added is an administrator, and user admin appoints and dismisses others', async t => {
  const env = environment(t)
  for (const name of ['minji', 'bob']) await run(['user', 'add', name], env, PASSWORD)
  t.match(await run(['user', 'admin', 'Bob', 'on'], env), { code: 0, stdout: ['Bob is now an administrator'] })
  t.match(await run(['user', 'admin', 'minji', 'off'], env), {
    code: 0,
    stdout: ['minji is no longer an administrator'],
  })
  const app = await build(t, env)
  t.match(await app.auth.login('minji', PASSWORD), { user: { is_admin: false } })
  t.match(await app.auth.login('bob', PASSWORD), { user: { is_admin: true } })
  t.match(await run(['user', 'admin', 'bob', 'yes'], env), {
    code: 2,
    stderr: ['Expected on or off instead of "yes". See: talkie user admin --help'],
  })
})

test('user delete ends all sessions for good, and the next server does the rest', async t => {
  const env = environment(t, { JWT_SECRET: 'a secret of at least 32 characters' })
  for (const name of ['minji', 'bob']) await run(['user', 'add', name], env, PASSWORD)
  t.match(await run(['user', 'delete', 'bob', '--messages', 'all'], env), {
    code: 2,
    stderr: ['--messages must be keep or delete. See: talkie user delete --help'],
  })
  t.match(await run(['user', 'delete', 'bob', '--messages', 'delete'], env), {
    code: 0,
    stdout: ['Deleted account bob; sessions ended: 0'],
  })
  for (const args of [['unblock'], ['admin', 'on'], ['delete', '--messages', 'keep'], ['reset-password', '--link']]) {
    const [command = '', ...rest] = args
    const gone = await run(['user', command, 'bob', ...rest], env, PASSWORD)
    t.match(gone, { code: 1, stderr: [new errors.UserNotFound('bob').message] }, command)
  }
  t.match(await run(['user', 'add', 'Bob'], env, PASSWORD), { code: 1 })
  const app = await build(t, env)
  await t.rejects(app.auth.login('bob', PASSWORD), LOGIN_FAILED)
  await eventually(async () => (await app.store.readMember('default', 'bob'))?.is_member === false)
})

test('a failing command prints one line and exits with 1', async t => {
  const env = environment(t)
  await run(['user', 'add', 'minji'], env, PASSWORD)
  for (const [args, input, line] of [
    [['add', 'Minji'], PASSWORD, new errors.UsernameTaken('Minji').message],
    [['add', 'a b'], PASSWORD, 'Username must be 3 to 30 letters (A–Z, a–z), digits, _ or -'],
    [['add', 'bob'], 'short', 'Password must have at least 8 characters'],
    [['add', 'bob'], 'x'.repeat(73), 'Password exceeds 72 bytes'],
    [['add', 'bob'], 'x'.repeat(2000), 'Line 1 is longer than 1024 bytes'],
    [['add', 'bob'], '', 'No password on standard input: pipe one line to this command, or use --generate'],
    [['block', 'bob'], '', new errors.UserNotFound('bob').message],
    [['unblock', 'bob'], '', new errors.UserNotFound('bob').message],
    [['admin', 'bob', 'on'], '', new errors.UserNotFound('bob').message],
    [['reset-password', 'bob'], PASSWORD, new errors.UserNotFound('bob').message],
  ] as const) {
    t.strictSame(await run(['user', ...args], env, input), { code: 1, stdout: [], stderr: [line] })
  }
})
