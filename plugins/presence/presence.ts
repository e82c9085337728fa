import { limits } from '../../schemas/wire.js'

export type Presence = ReturnType<typeof createPresence>

interface Standing {
  /** Sockets on this server. */
  sockets: number
  /** Whether the user counts as online by this server, which the other servers are told. */
  here: boolean
  /** The other servers by which the user is online. */
  elsewhere: Set<string>
  /** Whether the room was told that the user is online. */
  told: boolean
  /** When the last socket went, by the monotonic clock; the user is online until the room is told otherwise. */
  gone_at: number
}

/** A change of who is online by this server. */
export interface Move {
  room_id: string
  username: string
  here: boolean
}

/**
 * Who is online in the rooms that sockets of this server follow: a user with a socket, here or on another server. A user
 * with several sockets is online once, and one who is back within OFFLINE_AFTER_MS was never away.
 *
 * @param pass sends a frame to this server's sockets of a room
 */
export function createPresence(pass: (room_id: string, frame: object) => void) {
  const rooms = new Map<string, Map<string, Standing>>()
  /** The rooms in which each user stands. */
  const users = new Map<string, Set<string>>()
  /** Rooms with something to tell. */
  const changed = new Set<string>()

  function standingOf(room_id: string, username: string): Standing {
    const standings = rooms.get(room_id) ?? new Map<string, Standing>()
    rooms.set(room_id, standings)
    const standing = standings.get(username) ?? {
      ...{ sockets: 0, here: false, elsewhere: new Set(), told: false, gone_at: Number.NEGATIVE_INFINITY },
    }
    standings.set(username, standing)
    users.set(username, (users.get(username) ?? new Set()).add(room_id))
    return standing
  }

  function forget(room_id: string, username: string) {
    rooms.get(room_id)?.delete(username)
    const standsIn = users.get(username)
    standsIn?.delete(room_id)
    if (standsIn?.size === 0) users.delete(username)
  }

  /** Nobody here is to be told of the room any more. */
  function forgetRoom(room_id: string) {
    for (const username of [...(rooms.get(room_id)?.keys() ?? [])]) forget(room_id, username)
    rooms.delete(room_id)
  }

  /** @returns whether nothing is left to tell later */
  function tell(room_id: string, now: number, moves: Move[]) {
    const standings = rooms.get(room_id)
    if (!standings) return true
    const frames: { username: string; online: boolean }[] = []
    let settled = true
    let followed = false
    for (const [username, standing] of standings) {
      const isAway = standing.sockets === 0 && now - standing.gone_at >= limits.OFFLINE_AFTER_MS
      if (standing.sockets === 0 && !isAway) settled = false
      const here = standing.sockets > 0 || (standing.here && !isAway)
      if (here !== standing.here) {
        standing.here = here
        moves.push({ room_id, username, here })
      }
      if (here || !isAway) followed = true
      const online = standing.sockets > 0 || standing.elsewhere.size > 0
      if (online && !standing.told) {
        standing.told = true
        frames.push({ username, online })
      } else if (!online && isAway) {
        forget(room_id, username)
        if (standing.told) frames.push({ username, online })
      }
    }
    const online_count = standings.size
    if (frames.length > 0) {
      const common = { type: 'presence', room_id, online_count }
      if (online_count > limits.ONLINE_NAMES_MAX) pass(room_id, common)
      else for (const frame of frames) pass(room_id, { ...common, ...frame })
    }
    if (!followed) forgetRoom(room_id)
    return settled
  }

  return {
    /** A socket of the user follows the room. */
    enter(room_id: string, username: string) {
      standingOf(room_id, username).sockets++
      changed.add(room_id)
    },

    /** It follows the room no longer; to be called once for each `enter`. */
    leave(room_id: string, username: string, now = performance.now()) {
      const standing = rooms.get(room_id)?.get(username)
      if (!standing) return
      standing.sockets--
      standing.gone_at = now
      changed.add(room_id)
    },

    /** Takes who is online in a room by another server; of rooms that nobody here follows, nothing is kept. */
    setElsewhere(room_id: string, server_id: string, usernames: ReadonlySet<string>) {
      const standings = rooms.get(room_id)
      if (!standings) return
      for (const [username, { elsewhere }] of standings) if (!usernames.has(username)) elsewhere.delete(server_id)
      for (const username of usernames) standingOf(room_id, username).elsewhere.add(server_id)
      changed.add(room_id)
    },

    /** Another server is gone. @param gone_at since when its users are, so that those on their way to us may arrive */
    dropServer(server_id: string, gone_at = Number.NEGATIVE_INFINITY) {
      for (const [room_id, standings] of rooms) {
        for (const standing of standings.values()) {
          if (!standing.elsewhere.delete(server_id)) continue
          if (standing.sockets === 0) standing.gone_at = Math.max(standing.gone_at, gone_at)
          changed.add(room_id)
        }
      }
    },

    /** Tells each room what changed since the last call. @returns what changed of those who are online by this server */
    tell(now = performance.now()): Move[] {
      const moves: Move[] = []
      for (const room_id of changed) if (tell(room_id, now, moves)) changed.delete(room_id)
      return moves
    },

    /** Everybody who is online by this server, as moves. */
    here(): Move[] {
      const moves: Move[] = []
      for (const [room_id, standings] of rooms) {
        for (const [username, { here }] of standings) if (here) moves.push({ room_id, username, here })
      }
      return moves
    },

    /** Whether the user is online by this server in any room. */
    isHere(username: string) {
      return [...(users.get(username) ?? [])].some(room_id => rooms.get(room_id)?.get(username)?.here)
    },

    /** Rooms that sockets of this server follow. */
    rooms: () => [...rooms.keys()],

    isFollowed: (room_id: string) => rooms.has(room_id),

    /** @returns at most 100 names, and the number of all */
    online(room_id: string) {
      const standings = rooms.get(room_id)
      if (!standings) return { online: [], online_count: 0 }
      const online: string[] = []
      for (const username of standings.keys()) {
        if (online.length === limits.ONLINE_NAMES_MAX) break
        online.push(username)
      }
      return { online, online_count: standings.size }
    },

    isOnlineIn(room_id: string, username: string) {
      return rooms.get(room_id)?.has(username) ?? false
    },

    isOnline(username: string) {
      return users.has(username)
    },

    /** The followed rooms that the user is online in. */
    roomsOf(username: string): Iterable<string> {
      return users.get(username) ?? []
    },
  }
}
