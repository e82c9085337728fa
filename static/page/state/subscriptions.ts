import { limits } from '../../../schemas/wire.js'
import type { Connection, RoomListener } from '../../client/index.js'
import { NO_PRESENCE, type Presence } from './presence.js'

/** Sockets of one page. Each carries ROOMS_PER_SOCKET_MAX rooms, so 400 rooms are live. */
const SOCKETS_MAX = 4

interface Subscribed {
  connection: Connection
  presence: Presence
}

export type Subscriptions = ReturnType<typeof createSubscriptions>

/**
 * The rooms that this page is subscribed to. The first socket carries the first rooms, and all requests; a user who is a
 * member of more rooms gets further sockets that only listen.
 *
 * @param first the page's connection
 * @param connect makes another one
 * @param on_presence called with each change of a room's presence
 */
export function createSubscriptions(
  first: Connection,
  connect: () => Connection,
  on_presence: (room_id: string, online: ReadonlySet<string>) => void,
) {
  const connections = [first]
  const rooms = new Map<string, Subscribed>()

  function withRoom(): Connection | undefined {
    const used = new Map<Connection, number>()
    for (const { connection } of rooms.values()) used.set(connection, (used.get(connection) ?? 0) + 1)
    const free = connections.find(one => (used.get(one) ?? 0) < limits.ROOMS_PER_SOCKET_MAX)
    if (free !== undefined || connections.length >= SOCKETS_MAX) return free
    const more = connect()
    connections.push(more)
    return more
  }

  function leave(room_id: string) {
    rooms.get(room_id)?.connection.unsubscribe(room_id)
    rooms.delete(room_id)
  }

  return {
    has: (room_id: string) => rooms.has(room_id),
    ids: () => rooms.keys(),
    /** Whether another room has to give way before one more is subscribed to. */
    get full() {
      return rooms.size >= SOCKETS_MAX * limits.ROOMS_PER_SOCKET_MAX
    },

    /** @param after the seq after which its events follow @returns false if there is no room left */
    subscribe(room_id: string, listener: RoomListener, after: number): boolean {
      const connection = withRoom()
      if (connection === undefined) return false
      rooms.set(room_id, { connection, presence: NO_PRESENCE })
      connection.subscribe(room_id, listener, { after })
      return true
    },
    leave,
    /** The server ended the subscription. */
    ended: (room_id: string) => rooms.delete(room_id),

    presence: (room_id: string): Presence => rooms.get(room_id)?.presence ?? NO_PRESENCE,
    setPresence(room_id: string, presence: Presence) {
      const room = rooms.get(room_id)
      if (!room) return
      room.presence = presence
      on_presence(room_id, presence.online)
    },
    /** The seq after which a room's events follow. */
    after: (room_id: string) => rooms.get(room_id)?.connection.resumePoint(room_id)?.after,
    typing: (room_id: string, on: boolean) => rooms.get(room_id)?.connection.typing(room_id, on),

    /** Calls a method of every connection. */
    each(call: (connection: Connection) => void) {
      for (const connection of connections) call(connection)
    },
  }
}
