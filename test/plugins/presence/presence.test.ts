import { test } from 'tap'
import { createPresence } from '../../../plugins/presence/presence.js'
import { limits } from '../../../schemas/wire.js'

function listening() {
  const told: object[] = []
  const presence = createPresence((_room_id, frame) => told.push(frame))
  const take = () => told.splice(0)
  return { presence, take }
}
const frame = (username: string, online: boolean, online_count: number) => {
  return { type: 'presence', room_id: 'r', online_count, username, online }
}
const AWAY_MS = limits.OFFLINE_AFTER_MS

test('a user with several sockets is online once, until the grace period after the last one has passed', async t => {
  const { presence, take } = listening()
  presence.enter('r', 'minji')
  presence.enter('r', 'minji')
  presence.tell(0)
  t.same(take(), [frame('minji', true, 1)])
  presence.leave('r', 'minji', 0)
  presence.tell(AWAY_MS)
  t.same(take(), [])
  presence.leave('r', 'minji', 0)
  presence.tell(AWAY_MS - 1)
  t.same(take(), [])
  t.ok(presence.isOnlineIn('r', 'minji'))
  presence.tell(AWAY_MS)
  t.same(take(), [frame('minji', false, 0)])
  t.notOk(presence.isOnline('minji'))
  t.same(presence.online('r'), { online: [], online_count: 0 })
})

test('a reload is not reported', async t => {
  const { presence, take } = listening()
  presence.enter('r', 'minji')
  presence.tell(0)
  take()
  presence.leave('r', 'minji', 0)
  presence.tell(1000)
  presence.enter('r', 'minji')
  presence.tell(AWAY_MS * 2)
  t.same(take(), [])
  t.same([...presence.roomsOf('minji')], ['r'])
})

test('a user who came and went between two rounds is not reported', async t => {
  const { presence, take } = listening()
  presence.enter('r', 'minji')
  presence.leave('r', 'minji', 0)
  presence.tell(AWAY_MS)
  t.same(take(), [])
  t.notOk(presence.isOnlineIn('r', 'minji'))
})

test('with more than 100 users online only their number is sent, once for all changes', async t => {
  const { presence, take } = listening()
  for (let user = 0; user < 150; user++) presence.enter('r', `user-${user}`)
  presence.tell(0)
  t.same(take(), [{ type: 'presence', room_id: 'r', online_count: 150 }])
  const { online, online_count } = presence.online('r')
  t.equal(online.length, limits.ONLINE_NAMES_MAX)
  t.equal(online_count, 150)
})

test('leaving a room without having entered it changes nothing', async t => {
  const { presence, take } = listening()
  presence.leave('r', 'minji')
  presence.tell(0)
  t.same(take(), [])
})
