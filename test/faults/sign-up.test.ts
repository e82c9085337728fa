import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'tap'
import { startServer } from '../../bench/replay/server.js'
import { type ApiError, createHttp } from '../../static/client/index.js'
import { skipLong as skip } from '../support/repeat.js'

const PASSWORD = 'correct horse battery'
const KILLS = 8
/** A registration takes a few times as long as the latest kill comes, ms. */
const LATEST_MS = 40

test('a server that is killed during a sign-up by an invitation leaves it used once, by its user', {
  skip,
  timeout: 300_000,
}, async t => {
  const server = await startServer()
  t.teardown(() => server.stop())
  const { base_url } = server
  const open = createHttp({ base_url })
  const as = (token: string) => createHttp({ base_url, token: () => token })
  const owner = as((await open.register({ username: 'minji', password: PASSWORD })).token)
  const stranger = as((await open.register({ username: 'stranger', password: PASSWORD })).token)
  const seen: Record<string, number> = {}

  for (let kill = 0; kill < KILLS; kill++) {
    const { id } = await owner.createRoom({ name: `Room ${kill}`, is_public: false })
    const { code: invitation } = await owner.createInvite(id, { max_uses: 1 })
    const credentials = { username: `user-${kill}`, password: PASSWORD }
    const first = open.register({ ...credentials, invitation }).then(
      () => 'answered',
      (error: ApiError) => error.code,
    )
    await wait((kill * LATEST_MS) / KILLS)
    await server.killAndRestart()
    await first

    // What the page does: register again under the same name, or log in; then join.
    const again = await open.register({ ...credentials, invitation }).catch((error: ApiError) => error.code)
    const how = typeof again === 'string' ? again : 'registered again'
    seen[how] = (seen[how] ?? 0) + 1
    const { token } = typeof again === 'string' ? await open.login(credentials) : again
    const room = await as(token).joinByInvite(invitation)
    t.match(room, { id, is_member: true, member_count: 2 })
    t.match((await owner.invites(id)).invites, [
      { uses: 1, state: 'used_up', joined: [{ username: credentials.username }] },
    ])
    await t.rejects(stranger.joinByInvite(invitation), { code: 'INVITATION_INVALID' })
  }
  t.comment(JSON.stringify(seen))
  const known = ['registered again', 'INVITATION_INVALID', 'USERNAME_TAKEN']
  t.ok(Object.keys(seen).every(how => known.includes(how)))
})
