import type { FastifyBaseLogger } from 'fastify'
import type { RedisConnection } from '../redis/index.js'
import type { Move, Presence } from './presence.js'

/** Changes in one batch; more are several batches. */
const BATCH_MOVES_MAX = 500
/** Batches that a server reads; if it is further behind, it reads all its rooms again. */
const BEHIND_MAX = 200
/** Rooms read in one pipeline. */
const READ_AT_ONCE = 200

/** Content of a server's lease. */
interface Lease {
  /** Number of the newest batch of changes. */
  version: number
  /** Always empty: a server of an older version then reads all its rooms again. */
  batches: []
  /** Fingerprint of the server's JWT_SECRET; servers of an older version have none. */
  secret?: string
}

/**
 * Presence across servers, in Redis: one set of users per room and server, written only on change, one key per batch of
 * changes, and one lease key per server that expires unless renewed. Every server reads all leases once a second, and
 * each batch once, so the cost grows with the changes only. Presence does not depend on the bus, and the users of a
 * server that dies go offline when its lease expires.
 *
 * All keys are in one slot of a cluster (`{epoch}`), because the changes of a round are written in one transaction.
 *
 * @param options.lease_ms time after which a silent server counts as dead
 * @param options.secret fingerprint of JWT_SECRET: a server with another one is reported, once
 */
export function createSharedPresence(
  connection: RedisConnection,
  presence: Presence,
  epoch: string,
  { lease_ms, secret }: { lease_ms: number; secret: string },
  log: FastifyBaseLogger,
) {
  const key = (...parts: string[]) => [`{${epoch}}`, ...parts].join(':')
  const servers = key('servers')
  const leaseOf = (server_id: string) => key('lease', server_id)
  const roomsOf = (server_id: string) => key('rooms', server_id)
  const usersOf = (server_id: string) => key('users', server_id)
  const movesOf = (server_id: string, version: number) => key('moves', server_id, String(version))
  const onlineOf = (room_id: string, server_id: string) => key('online', server_id, room_id)

  let version = 0
  /** The last batch of each other server that was read. */
  const others = new Map<string, number>()
  /** When each server's lease was found expired. */
  const dead = new Map<string, number>()
  /** The state of our keys in Redis is unknown: write all of them. */
  let rewrite = true
  let renewed_at = Number.NEGATIVE_INFINITY
  let read_at = performance.now()
  /**
   * Until then a missing lease proves nothing: Redis lost ours too, and other servers may not have renewed theirs yet.
   */
  let amnesia_until = 0

  /** Writes the changes, and renews the lease when it is due. */
  async function write(moves: Move[], now: number) {
    const due = now - renewed_at >= lease_ms / 3
    if (moves.length === 0 && !due && !rewrite) return
    const whole = rewrite
    const written = whole ? presence.here() : moves
    rewrite = true
    const known = whole ? await connection.run(redis => redis.smembers(roomsOf(connection.id))) : []
    const before = await connection.run(async redis => {
      const batch = redis.multi()
      if (whole) {
        for (const room_id of known) batch.del(onlineOf(room_id, connection.id))
        batch.del(roomsOf(connection.id), usersOf(connection.id))
        batch.sadd(servers, connection.id)
      }
      for (const { room_id, username, here } of written) {
        if (here) {
          batch.sadd(onlineOf(room_id, connection.id), username)
          batch.sadd(roomsOf(connection.id), room_id)
        } else {
          batch.srem(onlineOf(room_id, connection.id), username)
        }
        if (presence.isHere(username)) batch.sadd(usersOf(connection.id), username)
        else batch.srem(usersOf(connection.id), username)
      }
      // A batch that is not there makes the others read all their rooms.
      if (whole) version++
      for (let at = 0; at < moves.length && !whole; at += BATCH_MOVES_MAX) {
        const some = JSON.stringify(moves.slice(at, at + BATCH_MOVES_MAX))
        batch.set(movesOf(connection.id, ++version), some, 'PX', lease_ms)
      }
      const lease: Lease = { version, batches: [], secret }
      batch.set(leaseOf(connection.id), JSON.stringify(lease), 'PX', lease_ms, 'GET')
      const results = await batch.exec()
      const failed = results?.find(([error]) => error)
      if (!results || failed) throw failed?.[0] ?? new Error('Redis did not execute a transaction')
      return results.at(-1)?.[1] as string | null
    })
    renewed_at = now
    // If our lease was missing, other servers declared us dead or Redis lost its data: write everything again.
    rewrite = before === null && !whole
    if (before === null) amnesia_until = now + lease_ms / 2
  }

  /** Reads the users of the other servers. */
  async function read(now: number) {
    const ids = (await connection.run(redis => redis.smembers(servers))).filter(id => id !== connection.id)
    const found = ids.length > 0 ? await connection.run(redis => redis.mget(ids.map(leaseOf))) : []
    const leases = new Map(ids.map((id, at) => [id, found[at] ? (JSON.parse(found[at]) as Lease) : null]))
    read_at = now
    for (const id of others.keys()) if (!leases.has(id) && now > amnesia_until) drop(id, now)
    for (const id of dead.keys()) if (leases.get(id) !== null) dead.delete(id)
    for (const [id, lease] of leases) {
      if (lease) await follow(id, lease)
      else if (now > amnesia_until) await bury(id, now)
    }
  }

  async function follow(id: string, { version, secret: theirs = secret }: Lease) {
    const seen = others.get(id)
    if (version === seen) return
    if (seen === undefined && theirs !== secret) {
      log.error(
        `Server ${id} has another JWT_SECRET: it refuses our tokens, and we refuse its. Use one for all servers`,
      )
    }
    const moves = seen === undefined ? null : await readMoves(id, seen, version)
    if (moves) for (const move of moves) presence.moveElsewhere(id, move)
    else await readRooms(presence.rooms().map(room_id => ({ room_id, id })))
    others.set(id, version)
  }

  /** @returns another server's changes after one batch up to another, oldest first; null if they are not all there */
  async function readMoves(id: string, after: number, upto: number): Promise<Move[] | null> {
    const missed = upto - after
    if (missed < 0 || missed > BEHIND_MAX) return null
    const keys = Array.from({ length: missed }, (_, n) => movesOf(id, after + 1 + n))
    const found = await connection.run(redis => redis.mget(keys))
    return found.includes(null) ? null : found.flatMap(batch => JSON.parse(batch as string) as Move[])
  }

  async function readRooms(wanted: { room_id: string; id: string }[]) {
    for (let at = 0; at < wanted.length; at += READ_AT_ONCE) {
      const some = wanted.slice(at, at + READ_AT_ONCE)
      const sets = await connection.run(redis => {
        const batch = redis.pipeline()
        for (const { room_id, id } of some) batch.smembers(onlineOf(room_id, id))
        return batch.exec()
      })
      for (const [index, { room_id, id }] of some.entries()) {
        const [error, usernames] = sets?.[index] ?? [new Error('Redis did not answer')]
        if (error) throw error
        presence.setElsewhere(room_id, id, new Set(usernames as string[]))
      }
    }
  }

  /** @param gone_at when a server left gracefully: its users may be reconnecting to us */
  function drop(id: string, gone_at?: number) {
    others.delete(id)
    presence.dropServer(id, gone_at)
  }

  /**
   * Handles an expired lease: the server's users go offline, and one server deletes its keys. It waits until the others
   * have noticed too: a server that finds no keys at all assumes a graceful exit and grants the users a grace period.
   */
  async function bury(id: string, now: number) {
    const found_at = dead.get(id) ?? now
    dead.set(id, found_at)
    drop(id)
    if (now - found_at < lease_ms / 2) return
    if ((await connection.run(redis => redis.srem(servers, id))) === 0) return
    log.warn(`Server ${id} stopped renewing its lease: its users are now shown as offline`)
    await clear(id)
  }

  async function clear(id: string) {
    const rooms = await connection.run(redis => redis.smembers(roomsOf(id)))
    await connection.run(redis =>
      redis.del(roomsOf(id), usersOf(id), leaseOf(id), ...rooms.map(room => onlineOf(room, id))),
    )
  }

  let ticking: Promise<void> | null = null

  async function beat(now: number) {
    try {
      await read(now)
    } catch {
      // Without Redis each server only knows its own users; short outages are ignored.
      if (now - read_at >= lease_ms) for (const id of [...others.keys()]) drop(id)
    }
    const moves = presence.tell(now)
    try {
      await write(moves, now)
    } catch {
      rewrite = true
    }
  }

  return {
    /** One round: reads the other servers, notifies the rooms, writes this server's changes. */
    beat(now = performance.now()) {
      ticking ??= beat(now).finally(() => {
        ticking = null
      })
      return ticking
    },

    /** Reads the other servers' users of a room that starts to be followed. */
    async load(room_id: string) {
      await readRooms([...others.keys()].map(id => ({ room_id, id }))).catch(() => {})
    },

    /** The online users of a room that no socket of this server follows. */
    async online(room_id: string): Promise<ReadonlySet<string>> {
      const keys = [...others.keys()].map(id => onlineOf(room_id, id))
      if (keys.length === 0) return new Set()
      return new Set(await connection.run(redis => redis.sunion(keys)).catch(() => []))
    },

    async isOnline(username: string): Promise<boolean> {
      const found = await Promise.all(
        [...others.keys()].map(id => connection.run(redis => redis.sismember(usersOf(id), username)).catch(() => 0)),
      )
      return found.includes(1)
    },

    /** Leaves gracefully by deleting this server's keys. */
    async close() {
      await ticking
      await connection
        .run(redis => redis.srem(servers, connection.id))
        .then(() => clear(connection.id))
        .catch(() => {})
    },
  }
}
