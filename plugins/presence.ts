import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { limits } from '../schemas/wire.js'
import type { RoomLog } from './room-log/index.js'

declare module 'fastify' {
  interface FastifyInstance {
    presence: Presence
  }
}
export type Presence = ReturnType<typeof createPresence>

/** Changes are gathered and told this often. */
const TELL_EVERY_MS = 1000

interface Standing {
  sockets: number
  /** Whether the room was told that the user is online. */
  told: boolean
  /** When the last socket went, by the monotonic clock; the user is online until the room is told otherwise. */
  gone_at: number
}

/**
 * Who is online: a user with a socket, in a room that a socket follows. A user with several sockets is online once, and
 * one who is back within OFFLINE_AFTER_MS was never away.
 *
 * @param pass sends a frame to all sockets of a room
 */
export function createPresence(pass: RoomLog['pass']) {
  const rooms = new Map<string, Map<string, Standing>>()
  /** The rooms in which each user stands. */
  const users = new Map<string, Set<string>>()
  /** Rooms with something to tell. */
  const changed = new Set<string>()

  function forget(room_id: string, username: string) {
    const standsIn = users.get(username)
    standsIn?.delete(room_id)
    if (standsIn?.size === 0) users.delete(username)
  }

  /** @returns whether nothing is left to tell later */
  function tell(room_id: string, now: number) {
    const standings = rooms.get(room_id)
    if (!standings) return true
    const frames: { username: string; online: boolean }[] = []
    let settled = true
    for (const [username, standing] of standings) {
      if (standing.sockets > 0 && !standing.told) {
        standing.told = true
        frames.push({ username, online: true })
      } else if (standing.sockets === 0 && now - standing.gone_at >= limits.OFFLINE_AFTER_MS) {
        standings.delete(username)
        forget(room_id, username)
        if (standing.told) frames.push({ username, online: false })
      } else if (standing.sockets === 0) {
        settled = false
      }
    }
    const online_count = standings.size
    if (standings.size === 0) rooms.delete(room_id)
    if (frames.length > 0) {
      const common = { type: 'presence', room_id, online_count }
      if (online_count > limits.ONLINE_NAMES_MAX) pass(room_id, common)
      else for (const frame of frames) pass(room_id, { ...common, ...frame })
    }
    return settled
  }

  return {
    /** A socket of the user follows the room. */
    enter(room_id: string, username: string) {
      const standings = rooms.get(room_id) ?? new Map<string, Standing>()
      rooms.set(room_id, standings)
      const standing = standings.get(username) ?? { sockets: 0, told: false, gone_at: 0 }
      standing.sockets++
      standings.set(username, standing)
      users.set(username, (users.get(username) ?? new Set()).add(room_id))
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

    /** Tells each room what changed since the last call. */
    tell(now = performance.now()) {
      for (const room_id of changed) if (tell(room_id, now)) changed.delete(room_id)
    },

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

    /** The rooms that the user is online in. */
    roomsOf(username: string): Iterable<string> {
      return users.get(username) ?? []
    },
  }
}

async function presence(fastify: FastifyInstance) {
  const capability = createPresence(fastify.roomLog.pass)
  fastify.decorate('presence', capability)
  const timer = setInterval(() => capability.tell(), TELL_EVERY_MS)
  timer.unref()
  fastify.addHook('onClose', async () => clearInterval(timer))
}

export default fp(presence, { name: 'presence', dependencies: ['room-log'] })
