import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'tap'
import { startServer } from '../../bench/replay/server.js'
import { createHttp } from '../../static/client/index.js'
import { eventually } from '../support/eventually.js'
import { repeat } from '../support/repeat.js'

const KILLS = repeat(8, 2)
const MESSAGES = 200
/** A start deletes them in about so long, ms. */
const LATEST_MS = 300
const PASSWORD = 'correct horse battery'

test('SIGKILLs during the deletion of an account: the next start goes on until nothing is left', async t => {
  const server = await startServer({ RATE_LIMIT_SENDS_PER_SECOND: '0', BUDGET_ACCOUNT_MS: '0' })
  t.teardown(() => server.stop())
  const { base_url } = server
  const enter = async (username: string) => {
    const { token } = await createHttp({ base_url }).register({ username, password: PASSWORD })
    return createHttp({ base_url, token: () => token })
  }
  await enter('boss')
  const [minji, bob] = [await enter('minji'), await enter('bob')]
  const { id } = await minji.createRoom({ name: 'Lunch' })
  await bob.join(id)
  for (let n = 0; n < MESSAGES; n++) await minji.send(id, { client_id: `c${n}`, text: `walnut ${n}` })
  const left = async () => {
    let count = 0
    for (let before: number | undefined; ; ) {
      const page = await bob.messages(id, { limit: 100, ...(before !== undefined && { before }) })
      count += page.messages.filter(({ text }) => text !== '').length
      if (!page.has_more) return count
      before = page.messages[0]?.id
    }
  }
  await minji.deleteAccount({ password: PASSWORD, messages: 'delete' })
  let before = MESSAGES
  for (let kill = 0; kill < KILLS; kill++) {
    await wait(Math.random() * LATEST_MS)
    await server.killAndRestart()
    const now = await left()
    t.ok(now <= before, `${now} messages left`)
    before = now
    await t.rejects(minji.me(), { code: 'UNAUTHORIZED' })
    await t.rejects(createHttp({ base_url }).login({ username: 'minji', password: PASSWORD }), { code: 'LOGIN_FAILED' })
  }
  await eventually(async () => (await left()) === 0)
  t.match(await bob.room(id), { owner: 'bob', member_count: 1 })
  t.match(await bob.profile('minji'), { is_deleted: true })
  t.strictSame((await bob.search(id, { q: 'walnut' })).messages, [])
})
