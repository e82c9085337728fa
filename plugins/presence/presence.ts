import { limits } from '../../schemas/wire.js'

export type Presence = ReturnType<typeof createPresence>

interface Standing {
  /** Sockets on this server. */
  sockets: number
  /** Whether this server counts the user as online; other servers are told. */
  here: boolean
  /** Ids of the other servers that count the user as online. */
  elsewhere: Set<string>
  /** Whether the room was last told that the user is online. */
  told: boolean
  /** When the last socket closed (monotonic clock); the user stays online for a grace period after that. */
  gone_at: number
}

/** A user who came online or went offline on this server. */
export interface Move {
  room_id: string
  username: string
  here: boolean
}

/**
 * Tracks which users are online in the rooms that sockets of this server follow. A user is online while a socket is
 * open on any server; several sockets count once, and a reconnect within OFFLINE_AFTER_MS goes unnoticed.
 *
 * @param pass sends a frame to this server's sockets of a room
 */
export function createPresence(pass: (room_id: string, frame: object) => void) {
  const rooms = new Map<string, Map<string, Standing>>()
  /** The rooms of each user. */
  const users = new Map<string, Set<string>>()
  /** Rooms with changes that were not sent yet. */
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

  /** Drops a room that no socket of this server follows any more. */
  function forgetRoom(room_id: string) {
    for (const username of [...(rooms.get(room_id)?.keys() ?? [])]) forget(room_id, username)
    rooms.delete(room_id)
  }

  /** @returns whether the room has no pending changes left */
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
    /** A socket of the user has started to follow the room. */
    enter(room_id: string, username: string) {
      standingOf(room_id, username).sockets++
      changed.add(room_id)
    },

    /** A socket of the user no longer follows the room; call it once for each `enter`. */
    leave(room_id: string, username: string, now = performance.now()) {
      const standing = rooms.get(room_id)?.get(username)
      if (!standing) return
      standing.sockets--
      standing.gone_at = now
      changed.add(room_id)
    },

    /** Replaces another server's users of a room. Rooms that no socket of this server follows are ignored. */
    setElsewhere(room_id: string, server_id: string, usernames: ReadonlySet<string>) {
      const standings = rooms.get(room_id)
      if (!standings) return
      for (const [username, { elsewhere }] of standings) if (!usernames.has(username)) elsewhere.delete(server_id)
      for (const username of usernames) standingOf(room_id, username).elsewhere.add(server_id)
      changed.add(room_id)
    },

    /** Applies a change among another server's users; ignored as above. */
    moveElsewhere(server_id: string, { room_id, username, here }: Move) {
      if (!rooms.has(room_id)) return
      if (here) standingOf(room_id, username).elsewhere.add(server_id)
      else rooms.get(room_id)?.get(username)?.elsewhere.delete(server_id)
      changed.add(room_id)
    },

    /** Drops another server's users. @param gone_at start of their grace period, in which they may reconnect to us */
    dropServer(server_id: string, gone_at = Number.NEGATIVE_INFINITY) {
      for (const [room_id, standings] of rooms) {
        for (const standing of standings.values()) {
          if (!standing.elsewhere.delete(server_id)) continue
          if (standing.sockets === 0) standing.gone_at = Math.max(standing.gone_at, gone_at)
          changed.add(room_id)
        }
      }
    },

    /** Sends each room the changes since the last call. @returns the changes among this server's own users */
    tell(now = performance.now()): Move[] {
      const moves: Move[] = []
      for (const room_id of changed) if (tell(room_id, now, moves)) changed.delete(room_id)
      return moves
    },

    /** All users that are online on this server, as moves. */
    here(): Move[] {
      const moves: Move[] = []
      for (const [room_id, standings] of rooms) {
        for (const [username, { here }] of standings) if (here) moves.push({ room_id, username, here })
      }
      return moves
    },

    /** Whether the user is online on this server in any room. */
    isHere(username: string) {
      return [...(users.get(username) ?? [])].some(room_id => rooms.get(room_id)?.get(username)?.here)
    },

    /** Rooms that sockets of this server follow. */
    rooms: () => [...rooms.keys()],

    isFollowed: (room_id: string) => rooms.has(room_id),

    /** @returns at most 100 names, and the total number */
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

    /** The rooms followed on this server in which the user is online. */
    roomsOf(username: string): Iterable<string> {
      return users.get(username) ?? []
    },
  }
}
