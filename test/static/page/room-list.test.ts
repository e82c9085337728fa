import { test } from 'tap'
import type { Room } from '../../../schemas/room.js'
import { hueOf, sectionsOf } from '../../../static/page/text/room-list.js'

const room = (id: string, hour: number, unread = 0) =>
  ({
    id,
    unread,
    created_at: '2026-01-01T00:00:00.000Z',
    ...(hour > 0 && { last_message: { created_at: `2026-01-31T0${hour}:00:00.000Z` } }),
  }) as Room

test('favorites come first, and in each section the unread rooms, then the recent ones', async t => {
  const rooms = [room('silent', 0), room('old', 1), room('new', 9), room('unread', 2, 3), room('loved', 4)]
  const options = { favorites: new Set(['loved', 'old']), isUnread: ({ unread }: Room) => unread > 0 }
  const shown = sectionsOf(rooms, options).map(({ key, rooms }) => [key, ...rooms.map(({ id }) => id)])
  t.strictSame(shown, [
    ['favorites', 'loved', 'old'],
    ['rooms', 'unread', 'new', 'silent'],
  ])
  t.strictSame(
    sectionsOf([room('a', 1)], { ...options, favorites: new Set() }).map(({ key }) => key),
    ['rooms'],
    'no empty section',
  )
})

test('a room has the same hue everywhere, one of twelve', async t => {
  const hues = new Set(Array.from({ length: 500 }, (_, i) => hueOf(`5f0c1d9be2a74836${i}`)))
  t.strictSame(
    [...hues].sort((a, b) => a - b),
    Array.from({ length: 12 }, (_, i) => i + 1),
  )
  t.equal(hueOf('default'), hueOf('default'))
})
