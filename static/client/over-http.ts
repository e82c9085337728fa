import type { EventFrame } from '../../schemas/frame.js'
import type { Room } from '../../schemas/room.js'
import { limits } from '../../schemas/wire.js'
import { ApiError } from './api-error.js'
import type { Http } from './http.js'
import type { Ack, Outbox, Pending } from './outbox.js'
import type { createPosition } from './position.js'
import type { RoomListener } from './room-listener.js'

/** Delay between two polls: the first while something changes, the second at most while nothing does, ms. */
const POLL_MIN_MS = 2000
const POLL_MAX_MS = 30_000
/** By how much the delay grows with each poll that finds nothing. */
const POLL_GROWTH = 1.5

/** A subscribed room. */
interface Followed {
  position: ReturnType<typeof createPosition>
  listener: Pick<RoomListener, 'start' | 'event'>
}

export interface OverHttpOptions {
  http: Http
  rooms: ReadonlyMap<string, Followed>
  outbox: Pick<Outbox, 'ack' | 'refuse'>
  /** It has begun, because the server answered, or ended, because it no longer does. */
  on_change: () => void
  /** The user can no longer read the room. */
  on_ended: (room_id: string, error: ApiError) => void
  /** The token is not accepted. */
  on_unauthorized: (error: ApiError) => void
}

/**
 * Takes the place of the socket while none can be opened though the server answers over HTTP, as behind a proxy that
 * drops the header `Upgrade`. Polls the list of rooms, backing off while nothing changes, and reads on in the rooms
 * that have changed. Typing and presence are not known meanwhile.
 */
export function createOverHttp(options: OverHttpOptions) {
  const { http, rooms, outbox } = options
  let active = false
  let delay_ms = POLL_MIN_MS
  let timer: ReturnType<typeof setTimeout> | undefined
  /** Identifies a run of polls, so that an answer which comes after its end changes nothing. */
  let run = 0
  let polling = false

  function change(next: boolean) {
    if (active === next) return
    active = next
    options.on_change()
  }

  function stop() {
    run++
    polling = false
    clearTimeout(timer)
    timer = undefined
    change(false)
  }

  async function poll() {
    const mine = run
    timer = undefined
    polling = true
    try {
      const has_changed = await catchUp(() => mine === run)
      if (mine !== run) return
      delay_ms = has_changed ? POLL_MIN_MS : Math.min(delay_ms * POLL_GROWTH, POLL_MAX_MS)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (mine !== run) return
      if (error.status !== 429) {
        stop()
        if (error.status === 401) options.on_unauthorized(error)
        return
      }
      delay_ms = Math.max(error.retry_after_ms ?? POLL_MAX_MS, POLL_MIN_MS)
    }
    polling = false
    timer = setTimeout(poll, delay_ms)
  }

  /** @returns whether a room has changed */
  async function catchUp(is_current: () => boolean): Promise<boolean> {
    const found = await listed()
    if (!is_current()) return false
    change(true)
    let has_changed = false
    for (const { id, last_seq } of found) {
      if (!is_current()) break
      const room = rooms.get(id)
      if (!room || last_seq <= (room.position.point?.after ?? -1)) continue
      has_changed = true
      try {
        await readOn(id, room, last_seq, is_current)
      } catch (error) {
        const is_ended = error instanceof ApiError && (error.status === 403 || error.status === 404)
        if (!is_ended) throw error
        if (is_current()) options.on_ended(id, error)
      }
    }
    return has_changed
  }

  /** The user's rooms, as far as they are subscribed to. */
  async function listed(): Promise<Room[]> {
    const found: Room[] = []
    let after: string | undefined
    do {
      const page = await http.rooms({ mine: true, limit: limits.PAGE_MAX, ...(after !== undefined && { after }) })
      found.push(...page.rooms)
      after = page.next
    } while (after !== undefined && found.filter(({ id }) => rooms.has(id)).length < rooms.size)
    let before: string | undefined
    while (found.filter(({ id }) => rooms.has(id)).length < rooms.size) {
      const page = await http.direct({ limit: limits.PAGE_MAX, ...(before !== undefined && { before }) })
      found.push(...page.rooms)
      before = page.next
      if (before === undefined) break
    }
    return found
  }

  /** Hands on new messages as the events that they are. After any other event, the room starts anew. */
  async function readOn(room_id: string, { position, listener }: Followed, seq: number, is_current: () => boolean) {
    const start = (seq: number) => {
      position.advance(seq)
      listener.start(seq, position.point?.epoch ?? '')
    }
    const { point } = position
    if (point === null) return start(seq)
    let last = point.after
    const page = await http.messages(room_id, { after: last, limit: limits.PAGE_MAX })
    if (!is_current()) return
    for (const message of page.messages) {
      if (message.id !== last + 1) break
      last = message.id
      position.advance(last)
      listener.event({ type: 'message', seq: last, ...message } as EventFrame)
    }
    const end = page.has_more ? page.messages.at(-1)?.id : page.seq
    if (last < (end ?? 0)) start(page.seq)
  }

  /** @returns the ack; its seq is the message's, because over HTTP that of an edit or deletion is not told */
  async function request(pending: Pending): Promise<Ack> {
    const { room_id, client_id } = pending
    const ack = (seq: number, created_at: string): Ack => ({ type: 'ack', room_id, client_id, seq, created_at })
    switch (pending.type) {
      case 'send': {
        const { text, reply_to } = pending
        const sent = await http.send(room_id, { client_id, text, ...(reply_to !== undefined && { reply_to }) })
        return ack(sent.id, sent.created_at)
      }
      case 'edit': {
        const edited = await http.edit(room_id, pending.id, { client_id, text: pending.text })
        return ack(edited.id, edited.edited_at ?? edited.created_at)
      }
      case 'delete':
        await http.delete(room_id, pending.id, client_id)
        return ack(pending.id, new Date().toISOString())
    }
  }

  function refused({ client_id }: Pending, { status, code, message, retry_after_ms }: ApiError) {
    // Also an answer of a proxy whose server is away.
    const is_lost = status === 0 || status >= 500
    const delay = retry_after_ms !== undefined && { retry_after_ms }
    outbox.refuse(client_id, { type: 'error', code: is_lost ? 'STORE_UNAVAILABLE' : code, message, ...delay })
  }

  /** Polls soon, because something has changed or is about to. */
  function hurry() {
    delay_ms = POLL_MIN_MS
    if (timer === undefined) return
    clearTimeout(timer)
    timer = setTimeout(poll, delay_ms)
  }

  return {
    get active() {
      return active
    },
    /** Polls, and is active from the first answer on. */
    start() {
      if (!polling && timer === undefined) poll()
    },
    stop,
    hurry,
    /** @returns whether it was sent */
    send(pending: Pending): boolean {
      if (!active) return false
      request(pending).then(
        ack => {
          outbox.ack(ack)
          hurry()
        },
        error => {
          if (error.status !== 401) return refused(pending, error)
          stop()
          options.on_unauthorized(error)
        },
      )
      return true
    },
    read(room_id: string, seq: number) {
      // A mark that is lost is set again by the next one.
      http.markRead(room_id, seq).catch(() => {})
    },
  }
}
