import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { errors, slowMode } from '../schemas/error.js'
import type { StoredEvent } from '../schemas/event.js'
import { noteTypes } from '../schemas/event-types.js'
import type { Note } from '../schemas/log-entry.js'
import type { Message, Page, PageQuery, Preview } from '../schemas/message.js'
import type { RoomRecord } from '../schemas/room.js'
import { DEFAULT_ROOM_ID, limits as wire } from '../schemas/wire.js'
import { prices } from './budgets/index.js'
import type { Limits } from './rate-limit/index.js'
import { type Appended, type Entry, type RoomLog, type RoomView, shownPart } from './room-log/index.js'
import {
  asAdmin,
  assertMayTalk,
  assertMember,
  assertNotBanned,
  assertVisible,
  hasPreview,
  moderates,
  type Person,
  personOf,
  type Rooms,
} from './rooms/index.js'
import { bytesOf, foldMessage, type Store, type Target } from './store/index.js'

declare module 'fastify' {
  interface FastifyInstance {
    messages: Messages
  }
}
/** Messages of a preview. */
export const PREVIEW_MAX = 20
/** Notes of one page of history; older ones are left out. */
const NOTES_MAX = 100

export type Messages = ReturnType<typeof createMessages>

/** A stored send or edit. */
export interface Written {
  /** The event that was appended, by this request or by the one that it repeats. */
  event: StoredEvent
  /** The message: as of the event; for a repeat, as it is now. */
  message: Message
  /** Whether the event was already stored, because the request is a retry. */
  repeated: boolean
}

/** Messages up to this seq were erased: they are as if they had never been. */
const emptiedIn = ({ room }: RoomView) => room?.emptied_seq ?? 0

/** Messages of rooms. Every write is decided on the room's state just before its event, so a removal always wins. */
export function createMessages(store: Store, roomLog: RoomLog, rooms: Rooms, limits: Pick<Limits, 'slowMode'>) {
  /** @throws MessageNotFound, MessageDeleted */
  function assertPresent(view: RoomView, id: number, message: Target | undefined): Target {
    if (!message || id <= emptiedIn(view)) throw new errors.MessageNotFound(id)
    if (message.newest?.type === 'deleted') throw new errors.MessageDeleted(id)
    return message
  }

  /** @throws also NotAuthor */
  function assertAuthor(view: RoomView, id: number, username: string, message: Target | undefined): Target {
    const target = assertPresent(view, id, message)
    if (target.message.username !== username) throw new errors.NotAuthor(id)
    return target
  }

  async function append(...[room_id, entry]: Parameters<RoomLog['append']>): Promise<Appended> {
    // Never null: each `decide` of a message returns an event or throws.
    return (await roomLog.append(room_id, entry)) as Appended
  }

  /**
   * Appends a message or an edit; in a room with slow mode once the wait of a member is over. Only the log knows whether
   * a room has slow mode, so an entry of such a room is decided twice.
   * @throws also SlowMode
   */
  async function say(room_id: string, entry: Entry): Promise<Appended> {
    const { username, client_id } = entry
    const slow = { wait_s: 0, is_public: false }
    let is_due = false
    const decide: Entry['decide'] = (view, message) => {
      const fields = entry.decide(view, message)
      const { slow_mode_s = 0, is_public = false } = view.room ?? {}
      Object.assign(slow, { wait_s: slow_mode_s, is_public })
      if (slow_mode_s > 0 && !is_due && !moderates(view, { username, is_admin: false })) throw new errors.SlowMode()
      return fields
    }
    try {
      return await append(room_id, { ...entry, decide })
    } catch (error) {
      if (!(error instanceof errors.SlowMode)) throw error
    }
    const isExempt = slow.is_public && (await personOf(store, username)).is_admin
    const wait_ms = isExempt ? 0 : await limits.slowMode(room_id, username, client_id, slow.wait_s * 1000)
    if (wait_ms > 0) throw slowMode(room_id, wait_ms)
    is_due = true
    return append(room_id, { ...entry, decide })
  }

  /** The message as it is now. @throws MessageNotFound */
  async function read(room_id: string, id: number): Promise<Message> {
    const [target] = await store.readTargets(room_id, [id])
    if (!target) throw new errors.MessageNotFound(id)
    return foldMessage(target)
  }

  /** What happened to members and settings between two seqs. */
  async function readNotes(room_id: string, after: number, before: number): Promise<Note[]> {
    const found = await store.readNewest(room_id, noteTypes, { after, before, limit: NOTES_MAX })
    // An event without an author ends a claim of a name.
    return found.filter(({ username }) => username !== '').map(event => shownPart(event) as Note)
  }

  return {
    read,

    /**
     * @param body.reply_to id of a message in the same room
     * @throws RoomNotFound, NotMember, Muted, Blocked, SlowMode; MessageNotFound, MessageDeleted for `reply_to`; ClientIdReused, StoreUnavailable
     */
    async send(
      room_id: string,
      username: string,
      body: { client_id: string; text: string; reply_to?: number | undefined },
    ): Promise<Written> {
      const { client_id, text, reply_to } = body
      let direct: RoomRecord['direct']
      const { event, repeated } = await say(room_id, {
        type: 'message',
        username,
        client_id,
        ...(reply_to !== undefined && { message: reply_to }),
        decide(view, message) {
          direct = assertMayTalk(view, room_id, username).direct
          if (reply_to === undefined) return { text }
          assertPresent(view, reply_to, message)
          return { text, reply_to }
        },
        isRepeatOf: event =>
          event.reply_to === reply_to && !event.data?.announcement && (event.text === text || event.text === ''),
      })
      if (direct) rooms.directEvents.emit('said', event, direct.usernames)
      const message = repeated ? await read(room_id, event.seq) : foldMessage({ message: event, newest: null })
      return { event, message, repeated }
    },

    /**
     * Says something in the default room for the server. Whether the user may is checked by the caller.
     * @throws Muted, ClientIdReused, StoreUnavailable
     */
    async announce(username: string, { client_id, text }: { client_id: string; text: string }): Promise<Message> {
      const { event, repeated } = await append(DEFAULT_ROOM_ID, {
        type: 'message',
        username,
        client_id,
        decide(view) {
          assertMayTalk(view, DEFAULT_ROOM_ID, username)
          return { text, data: { announcement: true } }
        },
        isRepeatOf: ({ data, ...event }) => data?.announcement === true && (event.text === text || event.text === ''),
      })
      return repeated ? read(DEFAULT_ROOM_ID, event.seq) : foldMessage({ message: event, newest: null })
    },

    /** @throws as `send`; NotAuthor, TooManyEdits */
    async edit(
      room_id: string,
      username: string,
      id: number,
      body: { client_id: string; text: string },
    ): Promise<Written> {
      const { client_id, text } = body
      /** What `decide` saw last: the message just before the edit. */
      const before: { target?: Target } = {}
      const { event, repeated } = await say(room_id, {
        type: 'edited',
        username,
        client_id,
        message: id,
        decide(view, message) {
          assertMayTalk(view, room_id, username)
          before.target = assertAuthor(view, id, username, message)
          if ((message?.edits ?? 0) >= wire.EDITS_MAX) throw new errors.TooManyEdits(id)
          return { target: id, text }
        },
        isRepeatOf: event => event.target === id && (event.text === text || event.text === ''),
      })
      const { target } = before
      const message = repeated || !target ? await read(room_id, id) : foldMessage({ ...target, newest: event })
      return { event, message, repeated }
    },

    /** The author's own message, or any message if the user moderates the room. @throws RoomNotFound, NotMember; NotAuthor */
    async remove(room_id: string, username: string, id: number, client_id: string): Promise<Appended> {
      const removeAs = (person: Person) =>
        append(room_id, {
          type: 'deleted',
          username,
          client_id,
          message: id,
          decide(view, message) {
            const isModerator = moderates(view, person)
            if (!isModerator) assertMember(view, room_id, username)
            const target = isModerator ? assertPresent(view, id, message) : assertAuthor(view, id, username, message)
            const author = target.message.username
            const isOwn = author === username
            const data = isOwn && view.isMember(username) ? {} : asAdmin(view, person)
            return { target: id, ...(!isOwn && { member: author }), ...(data.as_admin && { data }) }
          },
          isRepeatOf: event => event.target === id,
        })
      try {
        return await removeAs({ username, is_admin: false })
      } catch (error) {
        // Few users are administrators, so that is looked up only when it matters.
        if (!(error instanceof errors.NotAuthor || error instanceof errors.NotMember)) throw error
        const person = await personOf(store, username)
        if (!person.is_admin) throw error
        return removeAs(person)
      }
    },

    /** The newest messages of a public room, for users who think of joining. @throws RoomNotFound, Banned, PreviewOff */
    async preview(room_id: string, username: string): Promise<Preview> {
      const view = await roomLog.view(room_id, [username])
      const room = assertVisible(view, room_id, username)
      if (!view.isMember(username)) {
        assertNotBanned(view, username)
        if (!hasPreview(room)) throw new errors.PreviewOff(room_id)
      }
      const newest = await store.readPage(room_id, { limit: PREVIEW_MAX })
      const kept = newest.filter(({ message }) => message.seq > room.emptied_seq)
      const found = kept.map(foldMessage).reverse()
      return { messages: found.slice(0, countFitting(found)).reverse() }
    },

    /** @throws RoomNotFound, NotMember */
    async page(room_id: string, username: string, query: PageQuery): Promise<Page> {
      const view = await rooms.assertMember(room_id, username)
      const { limit = wire.PAGE_DEFAULT, before, after, ids } = query
      const emptied_seq = emptiedIn(view)
      const rest = { seq: view.seq, ...(emptied_seq > 0 && { emptied_seq }) }
      if (ids !== undefined) {
        const seqs = [...new Set(ids.split(',').map(Number))]
        const asked = seqs.filter(
          seq => seq > Math.max(after ?? 0, emptied_seq) && seq < (before ?? Number.POSITIVE_INFINITY),
        )
        const found = (await store.readTargets(room_id, asked)).map(foldMessage)
        const count = countFitting(found)
        return { messages: found.slice(0, count), has_more: found.length > count, ...rest }
      }
      const isBackwards = after === undefined
      const found = await store.readPage(room_id, {
        limit: limit + 1,
        ...(isBackwards ? before !== undefined && { before } : { after: Math.max(after, emptied_seq) }),
      })
      /** In the order in which the page is filled. */
      const candidates = (isBackwards ? found.toReversed() : found)
        .filter(({ message }) => message.seq > emptied_seq && (before === undefined || message.seq < before))
        .map(foldMessage)
      const count = Math.min(limit, countFitting(candidates))
      const kept = candidates.slice(0, count)
      if (isBackwards) kept.reverse()
      const has_more = candidates.length > count
      // From the page's end where the next one begins to where this one was asked to begin.
      const from = isBackwards && has_more ? (kept[0]?.id ?? 0) : (after ?? 0)
      const to = !isBackwards && has_more ? (kept.at(-1)?.id ?? 0) : (before ?? Number.MAX_SAFE_INTEGER)
      const notes = await readNotes(room_id, Math.max(from, emptied_seq), to)
      return { messages: kept, ...(notes.length > 0 && { notes }), has_more, ...rest }
    },
  }
}

/** The price of the JSON of a page with these messages, µs. */
export const priceOfEncoding = (messages: Message[]) =>
  messages.reduce((bytes, message) => bytes + bytesOf(message), 0) * prices.encoded_byte

/** How many of the messages fit on a page; one always does. */
export function countFitting(messages: Message[]): number {
  let bytes = 0
  const at = messages.findIndex(message => {
    bytes += bytesOf(message)
    return bytes > wire.PAGE_BYTES_MAX
  })
  return at === -1 ? messages.length : at
}

async function messages(fastify: FastifyInstance) {
  const { store, roomLog, rooms, limits } = fastify
  fastify.decorate('messages', createMessages(store, roomLog, rooms, limits))
}

export default fp(messages, { name: 'messages', dependencies: ['store', 'room-log', 'rooms', 'rate-limit'] })
