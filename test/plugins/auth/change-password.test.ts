import { type Test, test } from 'tap'
import { openSessions } from '../../../plugins/auth/sessions.js'
import { createSystemLog } from '../../../plugins/auth/system-log.js'
import { build, PASSWORD, register } from '../../support/application.js'
import { eventually } from '../../support/eventually.js'
import { connect, listen } from '../../support/socket.js'

const NEXT = 'another good one'

async function open(t: Test) {
  const app = await build(t)
  await register(app, 'minji')
  const login = () => app.auth.login('minji', PASSWORD)
  return { app, login }
}

test('a change of the password keeps the session that made it and ends all others, with their sockets', async t => {
  const { app, login } = await open(t)
  const origin = await listen(app)
  const [mine, other] = [await login(), await login()]
  const [stays, ends] = [await connect(t, origin, '/ws', mine.token), await connect(t, origin, '/ws', other.token)]
  await Promise.all([stays.settled(), ends.settled()])
  await app.auth.changePassword(mine.identity, PASSWORD, NEXT)
  t.match(await ends.closed, { code: 4401 })
  await t.rejects(app.auth.authenticate(other.token), { code: 'UNAUTHORIZED' })
  await t.rejects(app.auth.refresh(other.identity), { code: 'UNAUTHORIZED' })
  t.match(await app.auth.authenticate(mine.token), { username: 'minji' })
  t.match(await app.auth.refresh(mine.identity), { user: { username: 'minji' } })
  await stays.settled()
  t.equal(stays.ws.readyState, stays.ws.OPEN)
  await t.rejects(app.auth.login('minji', PASSWORD), { code: 'LOGIN_FAILED' })
  const later = await app.auth.login('minji', NEXT)
  t.match(await app.auth.authenticate(later.token), { username: 'minji' })
})

test('a change with a wrong current password, or to an invalid one, changes nothing', async t => {
  const { app, login } = await open(t)
  const [mine, other] = [await login(), await login()]
  await t.rejects(app.auth.changePassword(mine.identity, 'wrong password', NEXT), { code: 'PASSWORD_WRONG' })
  await t.rejects(app.auth.changePassword(mine.identity, PASSWORD, 'short'), { code: 'BAD_REQUEST' })
  await t.rejects(app.auth.changePassword(mine.identity, PASSWORD, 'password1'), { code: 'PASSWORD_TOO_COMMON' })
  for (const { token } of [mine, other]) t.match(await app.auth.authenticate(token), { username: 'minji' })
  t.match(await login(), { user: { username: 'minji' } })
})

test('of concurrent changes of a password one succeeds, and only its session survives', async t => {
  const { app, login } = await open(t)
  const logins = await Promise.all([1, 2, 3, 4].map(login))
  const changes = logins.map(({ identity }, n) => app.auth.changePassword(identity, PASSWORD, `${NEXT} ${n}`))
  const results = await Promise.allSettled(changes)
  const won = results.findIndex(({ status }) => status === 'fulfilled')
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const result of results) {
    if (result.status === 'rejected') t.match(result.reason.code, /^(PASSWORD_WRONG|UNAUTHORIZED)$/)
  }
  for (const [n, { token }] of logins.entries()) {
    const authenticated = app.auth.authenticate(token)
    await (n === won ? t.resolves(authenticated) : t.rejects(authenticated, { code: 'UNAUTHORIZED' }))
  }
  t.match(await app.auth.login('minji', `${NEXT} ${won}`), { user: { username: 'minji' } })
})

test('a session that has ended cannot come back by ending the others or by changing the password', async t => {
  const { app, login } = await open(t)
  const [mine, other] = [await login(), await login()]
  await app.auth.changePassword(mine.identity, PASSWORD, NEXT)
  await t.rejects(app.auth.endOtherSessions(other.identity), { code: 'UNAUTHORIZED' })
  await t.rejects(app.auth.changePassword(other.identity, NEXT, PASSWORD), { code: 'UNAUTHORIZED' })
  await t.rejects(app.auth.authenticate(other.token), { code: 'UNAUTHORIZED' })
  t.match(await app.auth.authenticate(mine.token), { username: 'minji' })
})

test('if a server dies right after it stored a new password, the old sessions end on all others', async t => {
  const { app, login } = await open(t)
  const origin = await listen(app)
  const [kept, other] = [await login(), await login()]
  const socket = await connect(t, origin, '/ws', other.token)
  await socket.settled()
  // What the other server did before it died: the announcement and the change, nothing behind it.
  const created_at = new Date().toISOString()
  await createSystemLog(app.store).append({ type: 'account_changing', username: 'minji', client_id: 'x', created_at })
  const change = { password_hash: 'new', generation: 1, kept_session: kept.identity.session_id }
  t.equal(await app.store.changeAccount('minji', change, 0), true)
  t.match(await socket.closed, { code: 4401 })
  await eventually(() =>
    app.auth.authenticate(other.token).then(
      () => false,
      error => error.code === 'UNAUTHORIZED',
    ),
  )
  t.match(await app.auth.authenticate(kept.token), { username: 'minji' })
  const started = await openSessions(app.store, app.log)
  t.teardown(() => started.close())
  t.equal(await started.isGood(other.identity), false, 'also on a server that starts later')
  t.equal(await started.isGood(kept.identity), true)
})
