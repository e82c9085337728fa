import { randomUUID } from 'node:crypto'
import type { PubSub } from '../pubsub/index.js'
import type { Rooms } from '../rooms/index.js'
import type { Hub } from './hub.js'

/** The shortest time between two `seen` frames of a room, ms. */
const SEEN_MS = 1000
/** Marks that wait for the next frames; beyond, they are dropped, and clients read them with the next `GET …/reads`. */
const MOVES_MAX = 10_000
/** Marks that one message to the other servers carries. */
const PUBLISHED_MAX = 500

/** The mark of a user in a room. */
type Move = [room_id: string, username: string, seq: number]

/** Marks that moved, by room and user: the greatest of each counts. */
class Moves {
  #rooms = new Map<string, Map<string, number>>()
  #size = 0

  add([room_id, username, seq]: Move) {
    if (this.#size >= MOVES_MAX) return
    const marks = this.#rooms.get(room_id) ?? new Map<string, number>()
    if (!marks.has(username)) this.#size++
    this.#rooms.set(room_id, marks.set(username, Math.max(seq, marks.get(username) ?? 0)))
  }

  get any(): boolean {
    return this.#size > 0
  }

  /** All of them; none are left. */
  take(): Map<string, Map<string, number>> {
    const rooms = this.#rooms
    this.#rooms = new Map()
    this.#size = 0
    return rooms
  }
}

/**
 * Tells everybody in a small room whose read marks moved: one frame a room and second on each socket, whatever the number
 * of readers and servers. A server publishes what moved through it, and merges it with what it hears from the others.
 */
export async function startSeen(pubsub: PubSub, epoch: string, hub: Hub, rooms: Pick<Rooms, 'events' | 'isCounted'>) {
  const server_id = randomUUID()
  const channel = `${epoch}:seen`
  const own = new Moves()
  const untold = new Moves()
  let timer: NodeJS.Timeout | undefined
  let told_at = Number.NEGATIVE_INFINITY
  let closed = false

  function schedule() {
    if (timer !== undefined || closed) return
    timer = setTimeout(tell, Math.max(0, told_at + SEEN_MS - performance.now())).unref()
  }

  function publish() {
    const moves = [...own.take()].flatMap(([room_id, marks]) =>
      [...marks].map(([username, seq]): Move => [room_id, username, seq]),
    )
    for (let from = 0; from < moves.length; from += PUBLISHED_MAX) {
      const part = { from: server_id, moves: moves.slice(from, from + PUBLISHED_MAX) }
      pubsub.publish(channel, Buffer.from(JSON.stringify(part)))
    }
  }

  async function tell() {
    publish()
    const moved = untold.take()
    for (const [room_id, marks] of moved) {
      if (!hub.isFollowed(room_id)) continue
      // It may have grown, or turned the counts off. If the store does not answer, clients read the marks later.
      if (!(await rooms.isCounted(room_id).catch(() => false))) continue
      const reads = [...marks].map(([username, seq]) => ({ username, seq }))
      hub.broadcast(room_id, { type: 'seen', room_id, reads })
    }
    told_at = performance.now()
    timer = undefined
    if (untold.any) schedule()
  }

  rooms.events.on('read', (username, { room_id, seq }, _by, seen) => {
    if (!seen) return
    own.add([room_id, username, seq])
    untold.add([room_id, username, seq])
    schedule()
  })
  const end = await pubsub.subscribe(channel, bytes => {
    const { from, moves } = JSON.parse(Buffer.from(bytes).toString()) as { from: string; moves: Move[] }
    if (from === server_id) return
    for (const move of moves) if (hub.isFollowed(move[0])) untold.add(move)
    if (untold.any) schedule()
  })
  return {
    close() {
      closed = true
      clearTimeout(timer)
      end()
    },
  }
}
