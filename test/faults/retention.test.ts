import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'tap'
import { startServer } from '../../bench/replay/server.js'
import { createHttp } from '../../static/client/index.js'
import { eventually } from '../support/eventually.js'
import { repeat } from '../support/repeat.js'

const KILLS = repeat(6, 2)
const ROOMS = 4
const MESSAGES = 300
const KEPT = 3
/** A start erases for about as long, ms. */
const LATEST_MS = 300

test('SIGKILLs while old messages are erased: a room shows all or what it keeps, and the next start goes on', async t => {
  const server = await startServer({ RATE_LIMIT_SENDS_PER_SECOND: '0', BUDGET_ACCOUNT_MS: '0', BUDGET_ADDRESS_MS: '0' })
  t.teardown(() => server.stop())
  const { base_url } = server
  const { token } = await createHttp({ base_url }).register({ username: 'minji', password: 'correct horse battery' })
  const minji = createHttp({ base_url, token: () => token })
  const ids: string[] = []
  for (let room = 0; room < ROOMS; room++) {
    const { id } = await minji.createRoom({ name: `Room ${room}` })
    for (let n = 0; n < MESSAGES; n += 50) {
      const batch = Array.from({ length: 50 }, (_, k) => `line-${n + k}`)
      await Promise.all(batch.map(text => minji.send(id, { client_id: text, text: `walnut ${text}` })))
    }
    ids.push(id)
  }

  async function shownIn(id: string) {
    let shown = 0
    for (let before: number | undefined; ; ) {
      const page = await minji.messages(id, { limit: 100, ...(before !== undefined && { before }) })
      shown += page.messages.filter(({ text }) => text !== '').length
      if (!page.has_more) return shown
      before = page.messages[0]?.id
    }
  }
  async function found() {
    const { messages } = await minji.searchOwn({ q: 'walnut', limit: 100 })
    return messages.length
  }

  let done = 0
  for (let kill = 0; kill < KILLS; kill++) {
    // One more room has something to erase at each of the next starts.
    const id = ids[kill % ROOMS] as string
    if (kill < ROOMS) await minji.changeRoom(id, { retention_count: KEPT })
    else await minji.send(id, { client_id: `more-${kill}`, text: 'walnut' })
    await server.killAndRestart()
    await wait(Math.random() * LATEST_MS)
    await server.killAndRestart()
    for (const [room, id] of ids.entries()) {
      const shown = await shownIn(id)
      const { emptied_seq = 0 } = await minji.room(id)
      const more = Math.max(0, Math.ceil((kill + 1 - room) / ROOMS) - 1)
      const [least, most] = emptied_seq === 0 ? [MESSAGES + more, MESSAGES + more] : [KEPT, KEPT + more]
      t.ok(shown >= least && shown <= most, `room ${room} shows ${shown}, not ${least} to ${most}`)
      if (emptied_seq > 0) done++
    }
  }
  t.ok(done > 0)
  await server.killAndRestart()
  for (const id of ids)
    await eventually(async () => (await shownIn(id)) === (ids.indexOf(id) < KILLS ? KEPT : MESSAGES))
  if (KILLS >= ROOMS) await eventually(async () => (await found()) === ROOMS * KEPT)
})
