import { randomUUID } from 'node:crypto'
import { test } from 'tap'
import { createMemoryPubSub } from '../../../plugins/pubsub/memory.js'
import { createRoomLog } from '../../../plugins/room-log/index.js'
import { openEmbedded } from '../../../plugins/store/index.js'
import { temporaryFolder } from '../../support/application.js'

const room_id = 'room'

test('an event whose server died before publishing it is published by the server that gets the retry', async t => {
  const store = await openEmbedded(temporaryFolder(t), { error() {}, warn() {} } as never)
  t.teardown(() => store.close())
  const roomLog = createRoomLog(store, createMemoryPubSub())
  const client_id = randomUUID()
  const common = { type: 'message' as const, username: 'minji' }
  const died = { ...common, room_id, seq: 1, client_id, text: 'x', created_at: '2026-01-01T00:00:00.000Z' }
  await store.append(room_id, 0, [died])
  const decide = () => ({ text: 'x' })
  t.match(await roomLog.append(room_id, { ...common, client_id, decide }), { repeated: true, event: { seq: 1 } })
  t.same(roomLog.recentHeads(), [{ room_id, seq: 1 }])

  await roomLog.append(room_id, { ...common, client_id: randomUUID(), decide })
  await roomLog.append(room_id, { ...common, client_id, decide })
  t.same(roomLog.recentHeads(), [{ room_id, seq: 2 }], 'a head never moves back')
  t.same(roomLog.recentHeads(performance.now() + 10_000), [])
})
