import { test } from 'tap'
import { build, PASSWORD, register } from '../../support/application.js'
import { run } from '../../support/command.js'

const NEXT = 'another good one'
const codeOf = (link: string) => link.split('#')[1] as string

test('an administrator makes a link with which the user sets a password once, and all sessions end', async t => {
  const app = await build(t)
  const [admin, minji] = [await register(app, 'boss'), await register(app, 'minji')]
  const make = (headers: object, name = 'MINJI') =>
    app.inject({ method: 'POST', url: `/admin/users/${name}/reset`, headers: { ...headers } })
  t.match((await make(minji.headers)).json(), { statusCode: 404, code: 'NOT_FOUND' })
  t.match((await make(admin.headers, 'nobody')).json(), { code: 'USER_NOT_FOUND' })
  const made = await make(admin.headers)
  t.equal(made.statusCode, 201)
  const { link, expires_at } = made.json<{ link: string; expires_at: string }>()
  t.match(link, /^\/reset#minji\.[\w-]{22}$/)
  t.ok(Date.parse(expires_at) > Date.now())
  t.notMatch(
    JSON.stringify(await app.store.readUser('minji')),
    link.split('.')[1] as string,
    'the secret is not stored',
  )
  t.match(await app.auth.authenticate(minji.token), { username: 'minji' }, 'a link alone changes nothing')

  const use = (code: string, new_password = NEXT) =>
    app.inject({ method: 'POST', url: '/auth/reset', payload: { code, new_password } })
  t.match((await use(codeOf(link), 'password1')).json(), { code: 'PASSWORD_TOO_COMMON' })
  t.equal((await use(codeOf(link))).statusCode, 204)
  await t.rejects(app.auth.authenticate(minji.token), { code: 'UNAUTHORIZED' })
  await t.rejects(app.auth.login('minji', PASSWORD), { code: 'LOGIN_FAILED' })
  t.match(await app.auth.login('minji', NEXT), { user: { username: 'minji' } })
  const unknown = (await use('nobody.AAAAAAAAAAAAAAAAAAAAAA')).json()
  t.match(unknown, { statusCode: 404, code: 'RESET_CODE_INVALID' })
  for (const code of [codeOf(link), 'minji', 'minji.', '', '.', 'boss.x'])
    t.same((await use(code)).json(), unknown, code)
})

test('of concurrent uses of a link one succeeds', async t => {
  const app = await build(t)
  await register(app, 'minji')
  const { link } = await app.auth.accounts.resets.makeLink('minji')
  const uses = [1, 2, 3, 4, 5].map(n => app.auth.resetPassword(codeOf(link), `${NEXT} ${n}`))
  const results = await Promise.allSettled(uses)
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const one of results) if (one.status === 'rejected') t.match(one.reason, { code: 'RESET_CODE_INVALID' })
  const won = results.findIndex(({ status }) => status === 'fulfilled') + 1
  t.match(await app.auth.login('minji', `${NEXT} ${won}`), { user: { username: 'minji' } })
})

test('a link ends with a new one, a changed password, and its time', async t => {
  const app = await build(t)
  const { identity } = await app.auth.register({ username: 'minji', password: PASSWORD })
  const make = () => app.auth.accounts.resets.makeLink('minji').then(({ link }) => codeOf(link))
  const invalid = (code: string) => t.rejects(app.auth.resetPassword(code, NEXT), { code: 'RESET_CODE_INVALID' })
  const replaced = await make()
  const before_change = await make()
  await invalid(replaced)
  await app.auth.changePassword(identity, PASSWORD, NEXT)
  await invalid(before_change)
  const expired = await make()
  await app.store.changeAccount('minji', { reset_expires_at: new Date(Date.now() - 1).toISOString() })
  await invalid(expired)
})

test('user reset-password --link prints a link beside a running server', async t => {
  const app = await build(t)
  await register(app, 'minji')
  await app.listen({ host: '127.0.0.1', port: 0 })
  const ran = await run(['user', 'reset-password', 'minji', '--link'], { DATA_DIR: app.config.DATA_DIR })
  t.match(ran, { code: 0, stdout: [/^\/reset#minji\.[\w-]{22}$/], stderr: [] })
  await app.auth.resetPassword(codeOf(ran.stdout[0] as string), NEXT)
  t.match(await app.auth.login('minji', NEXT), { user: { username: 'minji' } })
})
