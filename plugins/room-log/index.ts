import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type CacheEntry, LruMap } from 'toad-cache'
import { errors } from '../../schemas/error.js'
import type { StoredEvent } from '../../schemas/event.js'
import type { PubSub } from '../pubsub/index.js'
import type { Position, Store } from '../store/index.js'
import type { Appended, Entry } from './decide.js'
import { headOf, packEphemeral, packEvents } from './envelope.js'
import type { RoomView } from './view.js'
import { Views } from './views.js'
import { Writer } from './writer.js'

export type { Appended, Entry } from './decide.js'
export { encodeEvent, shownPart } from './encode.js'
export { type Envelope, unpack } from './envelope.js'
export type { RoomView } from './view.js'

declare module 'fastify' {
  interface FastifyInstance {
    roomLog: RoomLog
  }
}

export type RoomLog = ReturnType<typeof createRoomLog>

/** How long after a commit the head of a room is announced. */
const RECENT_MS = 10_000
/** Rooms whose heads are announced at once; beyond, those written to least recently are left out. */
const RECENT_MAX = 1000
/** Rooms whose writer is kept; beyond, the least recently used idle one is dropped. */
const WRITERS_MAX = 10_000

interface Recent {
  seq: number
  at: number
}

/** Measures the log. Called on the path of every write, so it must be quick and must not throw. */
interface Observer {
  /** A batch of `events` events was stored. */
  committed(events: number): void
  /** An entry was answered with its event, `ms` after it came. */
  answered(ms: number): void
}

/** The logs of all rooms. Knows a room's members and events, but no requests and no sockets. */
export function createRoomLog(store: Store, pubsub: PubSub) {
  /** By least recent use. A busy writer is never dropped: a second one for its room could reorder a user's messages. */
  const writers = new Map<string, Writer>()
  const views = new Views(store)
  /** Heads of rooms in which this server lately stored an event or answered a retry. */
  const recent = new LruMap<Recent>(RECENT_MAX)
  let observer: Observer | undefined
  const channelOf = (room_id: string) => `${store.epoch}:room:${room_id}`

  function remember(room_id: string, seq: number) {
    const at = performance.now()
    const known = recent.get(room_id)
    if (known) {
      known.seq = Math.max(known.seq, seq)
      known.at = at
    } else {
      recent.set(room_id, { seq, at })
    }
  }

  function committed(room_id: string, events: StoredEvent[]) {
    remember(room_id, (events.at(-1) as StoredEvent).seq)
    pubsub.publish(channelOf(room_id), packEvents(events))
    observer?.committed(events.length)
  }

  /** @returns false if all writers are busy */
  function dropIdleWriter(): boolean {
    for (const [id, { idle }] of writers) if (idle) return writers.delete(id)
    return false
  }

  /** @throws StoreUnavailable if WRITERS_MAX writers are busy */
  function writerOf(room_id: string): Writer {
    let writer = writers.get(room_id)
    if (writer) {
      writers.delete(room_id)
    } else {
      if (writers.size >= WRITERS_MAX && !dropIdleWriter()) throw new errors.StoreUnavailable()
      writer = new Writer(
        room_id,
        store,
        events => committed(room_id, events),
        ({ seq }) => remember(room_id, seq),
      )
    }
    writers.set(room_id, writer)
    return writer
  }

  return {
    /**
     * Appends an event and publishes it to all servers.
     * @returns the event; null if `decide` found nothing to do
     * @throws what `decide` threw; ClientIdReused; StoreUnavailable, after which a retry is safe
     */
    async append(room_id: string, entry: Entry): Promise<Appended | null> {
      const came_at = performance.now()
      const appended = await writerOf(room_id).append(entry)
      if (appended) observer?.answered(performance.now() - came_at)
      return appended
    },

    /** Sets the observer. There is one; a second call replaces it. */
    observe(by: Observer) {
      observer = by
    },

    /** Publishes events that were stored by other means than `append`. */
    publish: committed,

    /** A lower bound of the head of each room that this server wrote to in the last 10 s. */
    recentHeads(now = performance.now()): Position[] {
      const heads: Position[] = []
      let entry: CacheEntry<Recent> | null = recent.last
      for (; entry && now - entry.value.at < RECENT_MS; entry = entry.prev) {
        heads.push({ room_id: entry.key, seq: entry.value.seq })
      }
      return heads
    },

    /** Sends an ephemeral frame, one that is not in the log, to all sockets of a room on every server. */
    broadcast(room_id: string, frame: object) {
      pubsub.publish(channelOf(room_id), packEphemeral(frame))
    },

    /** Receives the envelopes of a room, also those of this server. @returns a function that ends the subscription */
    subscribe(room_id: string, handler: (envelope: Uint8Array) => void) {
      return pubsub.subscribe(channelOf(room_id), envelope => {
        if (store.shared) writers.get(room_id)?.heard(headOf(envelope))
        handler(envelope)
      })
    },

    /** The room as stored now, including at least `usernames`. It may be shared: do not change it. */
    view: (room_id: string, usernames: string[]): Promise<RoomView> => views.read(room_id, usernames),
  }
}

async function roomLog(fastify: FastifyInstance) {
  fastify.decorate('roomLog', createRoomLog(fastify.store, fastify.pubsub))
}

export default fp(roomLog, { name: 'room-log', dependencies: ['store', 'pubsub'] })
