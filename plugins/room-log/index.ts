import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { StoredEvent } from '../../schemas/event.js'
import type { PubSub } from '../pubsub/index.js'
import type { Position, Store } from '../store/index.js'
import { packEphemeral, packEvents } from './envelope.js'
import type { RoomView } from './view.js'
import { Views } from './views.js'
import { type Appended, type Entry, Writer } from './writer.js'

export { encodeEvent } from './encode.js'
export { type Envelope, unpack } from './envelope.js'
export type { RoomView } from './view.js'
export type { Appended, Entry } from './writer.js'

declare module 'fastify' {
  interface FastifyInstance {
    roomLog: RoomLog
  }
}

export type RoomLog = ReturnType<typeof createRoomLog>

/** How long the heads of rooms are told after a commit. */
const RECENT_MS = 10_000
/** Rooms whose heads are told at once. */
const RECENT_MAX = 1000

/** Watches the log at work. Called on the path of every write, so it must be quick and must not throw. */
interface Observer {
  /** A batch of so many events was stored. */
  committed(events: number): void
  /** An entry was answered with its event, so many ms after it came. */
  answered(ms: number): void
}

/** Rooms whose state is kept in memory; the least recently written to is forgotten first. */
const WRITERS_MAX = 10_000

/** The logs of all rooms. Knows who is in a room and what its log says; knows no request and no socket. */
export function createRoomLog(store: Store, pubsub: PubSub) {
  const writers = new Map<string, Writer>()
  const views = new Views(store)
  /** How far the rooms go that this server committed to lately, or found something repeated in, the newest last. */
  const recent = new Map<string, { seq: number; at: number }>()
  let observer: Observer | undefined
  const channelOf = (room_id: string) => `${store.epoch}:room:${room_id}`

  function remember(room_id: string, seq: number) {
    const known = recent.get(room_id)?.seq ?? 0
    recent.delete(room_id)
    recent.set(room_id, { seq: Math.max(known, seq), at: performance.now() })
    if (recent.size > RECENT_MAX) recent.delete(recent.keys().next().value as string)
  }

  function committed(room_id: string, events: StoredEvent[]) {
    remember(room_id, (events.at(-1) as StoredEvent).seq)
    pubsub.publish(channelOf(room_id), packEvents(events))
    observer?.committed(events.length)
  }

  function writerOf(room_id: string) {
    const writer =
      writers.get(room_id) ??
      new Writer(
        room_id,
        store,
        events => committed(room_id, events),
        ({ seq }) => remember(room_id, seq),
      )
    writers.delete(room_id)
    writers.set(room_id, writer)
    if (writers.size > WRITERS_MAX) {
      for (const [id, { idle }] of writers) {
        if (!idle) continue
        writers.delete(id)
        break
      }
    }
    return writer
  }

  return {
    /**
     * Appends an event and tells every server of it.
     * @returns the event, and whether it was there before; null where `decide` found nothing to do
     * @throws what `decide` threw; ClientIdReused; StoreUnavailable, where sending again is safe
     */
    async append(room_id: string, entry: Entry): Promise<Appended | null> {
      const came_at = performance.now()
      const appended = await writerOf(room_id).append(entry)
      if (appended) observer?.answered(performance.now() - came_at)
      return appended
    },

    /** There is one observer; another takes its place. */
    observe(by: Observer) {
      observer = by
    },

    /** Tells every server of events that were stored by other means than `append`. */
    publish: committed,

    /** How far the rooms go, at least, that this server had to do with in the last 10 s. */
    recentHeads(now = performance.now()): Position[] {
      for (const [room_id, { at }] of recent) {
        if (now - at < RECENT_MS) break
        recent.delete(room_id)
      }
      return [...recent].map(([room_id, { seq }]) => ({ room_id, seq }))
    },

    /** Sends an ephemeral frame, one that is not in the log, to all sockets of a room on every server. */
    broadcast(room_id: string, frame: object) {
      pubsub.publish(channelOf(room_id), packEphemeral(frame))
    },

    /** Envelopes of a room, its own server's included. @returns what ends the subscription */
    subscribe(room_id: string, handler: (envelope: Uint8Array) => void) {
      return pubsub.subscribe(channelOf(room_id), handler)
    },

    /** The room as the store has it now, knowing at least `usernames`. It may be shared: not to be changed. */
    view: (room_id: string, usernames: string[]): Promise<RoomView> => views.read(room_id, usernames),
  }
}

async function roomLog(fastify: FastifyInstance) {
  fastify.decorate('roomLog', createRoomLog(fastify.store, fastify.pubsub))
}

export default fp(roomLog, { name: 'room-log', dependencies: ['store', 'pubsub'] })
