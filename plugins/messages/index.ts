import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { errors, slowMode } from '../../schemas/error.js'
import type { StoredEvent } from '../../schemas/event.js'
import type { Message } from '../../schemas/message.js'
import type { RoomRecord } from '../../schemas/room.js'
import { DEFAULT_ROOM_ID, limits as wire } from '../../schemas/wire.js'
import type { Limits } from '../rate-limit/index.js'
import { withReactions } from '../reactions/index.js'
import type { Appended, Entry, RoomLog, RoomView } from '../room-log/index.js'
import {
  asAdmin,
  assertMayTalk,
  assertMember,
  assertPresent,
  moderates,
  type Person,
  personOf,
  type Rooms,
} from '../rooms/index.js'
import { foldMessage, type Store, type Target } from '../store/index.js'
import { createMentions, mentionsIn, subjectsOf } from './mentions.js'
import { createPages } from './pages.js'

export { priceOfMentions } from './mentions.js'
export { countFitting, PREVIEW_MAX, priceOfEncoding } from './pages.js'

declare module 'fastify' {
  interface FastifyInstance {
    messages: Messages
  }
}
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

/** Messages of rooms. Every write is decided on the room's state just before its event, so a removal always wins. */
export function createMessages(store: Store, roomLog: RoomLog, rooms: Rooms, limits: Pick<Limits, 'slowMode'>) {
  const { look, mentions } = createMentions(store, rooms.blocks)

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

  /** A message with its reactions, as a user sees them. */
  async function shown(target: Target, username?: string): Promise<Message> {
    const [message] = await withReactions(store, target.message.room_id, [foldMessage(target)], username)
    return message as Message
  }

  /** The message as it is now. @param username whose reactions are `mine` @throws MessageNotFound */
  async function read(room_id: string, id: number, username?: string): Promise<Message> {
    const [target] = await store.readTargets(room_id, [id])
    if (!target) throw new errors.MessageNotFound(id)
    return shown(target, username)
  }

  return {
    read,
    mentions,
    ...createPages(store, roomLog, rooms),

    /**
     * @param body.reply_to id of a message in the same room
     * @throws RoomNotFound, NotMember, Muted, Blocked, SlowMode; MessageNotFound, MessageDeleted for `reply_to`; TooManyMentions,
     *   MentionAllRefused; ClientIdReused, StoreUnavailable
     */
    async send(
      room_id: string,
      username: string,
      body: { client_id: string; text: string; reply_to?: number | undefined },
    ): Promise<Written> {
      const { client_id, text, reply_to } = body
      const looked = look(username, text)
      const named = looked === null ? null : await looked
      let direct: RoomRecord['direct']
      const { event, repeated } = await say(room_id, {
        type: 'message',
        username,
        client_id,
        ...subjectsOf(named),
        ...(reply_to !== undefined && { message: reply_to }),
        decide(view, message) {
          direct = assertMayTalk(view, room_id, username).direct
          const data = mentionsIn(view, named)
          const said = data ? { text, data } : { text }
          if (reply_to === undefined) return said
          assertPresent(view, reply_to, message)
          return { ...said, reply_to }
        },
        isRepeatOf: event =>
          event.reply_to === reply_to && !event.data?.announcement && (event.text === text || event.text === ''),
      })
      if (direct) rooms.directEvents.emit('said', event, direct.usernames)
      const message = repeated
        ? await read(room_id, event.seq, username)
        : foldMessage({ message: event, newest: null })
      return { event, message, repeated }
    },

    /**
     * Says something in the default room for the server. Whether the user may is checked by the caller.
     * @throws Muted, ClientIdReused, StoreUnavailable
     */
    async announce(username: string, { client_id, text }: { client_id: string; text: string }): Promise<Message> {
      const looked = look(username, text)
      const named = looked === null ? null : await looked
      const { event, repeated } = await append(DEFAULT_ROOM_ID, {
        type: 'message',
        username,
        client_id,
        ...subjectsOf(named),
        decide(view) {
          assertMayTalk(view, DEFAULT_ROOM_ID, username)
          return { text, data: { announcement: true, ...mentionsIn(view, named) } }
        },
        isRepeatOf: ({ data, ...event }) => data?.announcement === true && (event.text === text || event.text === ''),
      })
      return repeated ? read(DEFAULT_ROOM_ID, event.seq, username) : foldMessage({ message: event, newest: null })
    },

    /** @throws as `send`; NotAuthor, TooManyEdits */
    async edit(
      room_id: string,
      username: string,
      id: number,
      body: { client_id: string; text: string },
    ): Promise<Written> {
      const { client_id, text } = body
      const looked = look(username, text)
      const named = looked === null ? null : await looked
      /** What `decide` saw last: the message just before the edit. */
      const before: { target?: Target } = {}
      const { event, repeated } = await say(room_id, {
        type: 'edited',
        username,
        client_id,
        ...subjectsOf(named),
        message: id,
        decide(view, message) {
          assertMayTalk(view, room_id, username)
          before.target = assertAuthor(view, id, username, message)
          if ((message?.edits ?? 0) >= wire.EDITS_MAX) throw new errors.TooManyEdits(id)
          const data = mentionsIn(view, named)
          return { target: id, text, ...(data && { data }) }
        },
        isRepeatOf: event => event.target === id && (event.text === text || event.text === ''),
      })
      const { target } = before
      const isNew = !repeated && target !== undefined
      const message = isNew ? await shown({ ...target, newest: event }, username) : await read(room_id, id, username)
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
          prepare: person.prepare,
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
  }
}

async function messages(fastify: FastifyInstance) {
  const { store, roomLog, rooms, limits } = fastify
  fastify.decorate('messages', createMessages(store, roomLog, rooms, limits))
}

export default fp(messages, { name: 'messages', dependencies: ['store', 'room-log', 'rooms', 'rate-limit'] })
