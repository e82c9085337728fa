import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { createAccounts } from '../../../plugins/auth/accounts.js'
import { createAuth } from '../../../plugins/auth/index.js'
import { createPasswords } from '../../../plugins/auth/passwords.js'
import { openSessions } from '../../../plugins/auth/sessions.js'
import { createTokens } from '../../../plugins/auth/tokens.js'
import type { Store } from '../../../plugins/store/index.js'
import { build, PASSWORD, register } from '../../support/application.js'
import { connect, listen } from '../../support/socket.js'

/** What another process on the store of a running server has, as the command line does. */
async function elsewhere(t: Test, app: FastifyInstance, store: Store = app.store) {
  const sessions = await openSessions(store, app.log)
  const passwords = createPasswords(4)
  t.after(() => Promise.all([sessions.close(), passwords.close()]))
  return { sessions, passwords, accounts: createAccounts(store, sessions, passwords) }
}

const LOGIN_FAILED = { code: 'LOGIN_FAILED', message: 'Incorrect username or password' }

test('blocking a user ends all of their sessions and sockets on a running server, and no others', async t => {
  const app = await build(t)
  const origin = await listen(app)
  const minji = await register(app, 'minji')
  const second = await app.auth.login('minji', PASSWORD)
  const bob = await register(app, 'bob')
  const sockets = await Promise.all([minji, second, bob].map(({ token }) => connect(t, origin, '/ws', token)))
  await Promise.all(sockets.map(socket => socket.settled()))
  const { accounts } = await elsewhere(t, app)
  t.equal(await accounts.block('MINJI'), 2)
  const [first, other, stays] = sockets
  t.match(await first?.closed, { code: 4401 })
  t.match(await other?.closed, { code: 4401 })
  await stays?.settled()
  for (const { token } of [minji, second]) await t.rejects(app.auth.authenticate(token), { code: 'UNAUTHORIZED' })
  t.match(await app.auth.authenticate(bob.token), { username: 'bob' })
})

test('a login of a blocked user fails like a wrong password, after the same comparison, until unblocked', async t => {
  const app = await build(t)
  await register(app, 'minji')
  const { accounts, sessions, passwords } = await elsewhere(t, app)
  const compared: (string | null)[] = []
  const counting: typeof passwords = {
    ...passwords,
    verify(password, hash) {
      compared.push(hash)
      return passwords.verify(password, hash)
    },
  }
  const auth = createAuth(app.store, sessions, counting, createTokens(app.jwt, '1h'))
  await accounts.block('minji')
  await t.rejects(auth.login('minji', PASSWORD), LOGIN_FAILED)
  await t.rejects(auth.login('minji', 'wrong password'), LOGIN_FAILED)
  t.same(compared, [null, null], 'what a name that nobody has is compared with')
  await accounts.unblock('minji')
  t.match(await auth.login('minji', PASSWORD), { user: { username: 'minji' } })
})

test('a new password ends all sessions, and the old one no longer works', async t => {
  const app = await build(t)
  const { token } = await register(app, 'minji')
  const { accounts } = await elsewhere(t, app)
  t.equal(await accounts.setPassword('minji', 'another good one'), 1)
  await t.rejects(app.auth.authenticate(token), { code: 'UNAUTHORIZED' })
  await t.rejects(app.auth.login('minji', PASSWORD), LOGIN_FAILED)
  t.match(await app.auth.login('minji', 'another good one'), { user: { username: 'minji' } })
})

for (const [what, change] of Object.entries({
  block: (accounts: ReturnType<typeof createAccounts>) => accounts.block('minji'),
  'new password': (accounts: ReturnType<typeof createAccounts>) => accounts.setPassword('minji', 'another good one'),
})) {
  test(`a login in progress during a ${what} opens no session, whatever the interleaving`, async t => {
    const app = await build(t)
    await register(app, 'minji')
    const { accounts, passwords, sessions } = await elsewhere(t, app)
    for (const moment of ['before', 'after'] as const) {
      await accounts.unblock('minji')
      await accounts.setPassword('minji', PASSWORD)
      const store: Store = {
        ...app.store,
        async createSession(session) {
          if (moment === 'before') await change(accounts)
          await app.store.createSession(session)
          if (moment === 'after') await change(accounts)
        },
      }
      const onIt = await openSessions(store, app.log)
      t.after(() => onIt.close())
      const auth = createAuth(store, onIt, passwords, createTokens(app.jwt, '1h'))
      await t.rejects(auth.login('minji', PASSWORD), LOGIN_FAILED, moment)
      t.same(await app.store.listSessions('minji', { limit: 10 }), [], moment)
    }
    await sessions.close()
  })
}

test('invalid accounts are rejected and not stored', async t => {
  const app = await build(t)
  const { accounts } = await elsewhere(t, app)
  await t.rejects(accounts.add({ username: 'a b', password: PASSWORD }), { code: 'BAD_REQUEST' })
  await t.rejects(accounts.add({ username: 'minji', password: 'short' }), { code: 'BAD_REQUEST' })
  await t.rejects(accounts.add({ username: 'minji', password: 'x'.repeat(73) }), { code: 'PASSWORD_TOO_LONG' })
  t.equal(await app.store.countUsers(), 0)
  await t.rejects(accounts.block('nobody'), { code: 'USER_NOT_FOUND' })
  await t.rejects(accounts.unblock('nobody'), { code: 'USER_NOT_FOUND' })
  await t.rejects(accounts.setPassword('nobody', PASSWORD), { code: 'USER_NOT_FOUND' })
  await accounts.add({ username: 'minji', password: PASSWORD })
  await t.rejects(accounts.add({ username: 'Minji', password: PASSWORD }), { code: 'USERNAME_TAKEN' })
})
