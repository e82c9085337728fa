import type { EventFrame, ServerFrames } from '../../../schemas/frame.js'
import type { PageQuery } from '../../../schemas/message.js'
import type { Room } from '../../../schemas/room.js'
import {
  ApiError,
  type Connection,
  createRoomModel,
  createTyping,
  type Http,
  type RoomEvent,
} from '../../client/index.js'
import { createNotes } from './notes.js'
import type { Outgoing } from './outgoing.js'
import { createOwnChanges } from './own-changes.js'
import type { Presence } from './presence.js'
import { createQuotes } from './quotes.js'
import type { ConversationView, Ended } from './state.js'

/** Messages kept in memory on each side of those on the screen. */
const KEEP = 60
/** Messages beyond that before a side is trimmed: each trim draws the list anew. */
const SLACK = 30
/** Messages per request: few enough that drawing them does not disturb scrolling. */
const PAGE = 20
/** A change is drawn with the next animation frame, or after this if none comes, ms. */
const FRAME_MAX_MS = 100
/** With more unread messages than this, the list opens at the first of them instead of the newest page. */
const UNREAD_NEAR = 20

export type Conversation = ReturnType<typeof createConversation>

export interface ConversationOptions {
  me: string
  http: Http
  connection: Connection
  outgoing: Outgoing
  presence: () => Presence
  /** The room is the one on the screen. */
  isOpen: () => boolean
  /** Called when `view()` has changed: at most once a frame for events, at once for what opens or closes a field. */
  on_view: () => void
}

/** One room's conversation: its messages, the outgoing ones, who is online and who is typing. */
export function createConversation(
  room: Room,
  { me, http, connection, outgoing, presence, isOpen, on_view }: ConversationOptions,
) {
  const room_id = room.id
  const model = createRoomModel(me)
  const quotes = createQuotes(ids => http.messages(room_id, { ids: ids.join() }), changed)
  const notes = createNotes()
  let status: ConversationView['status'] = 'loading'
  let ended: Ended | null = null
  let typists: string[] = []
  let unread_after = 0
  let unread_many = false
  let target: ConversationView['target'] = null
  let replying: number | null = null
  let editing: number | null = null
  /** The pending page request: there is one at a time. */
  let loading: Promise<void> | null = null
  let scheduled = false

  function changed() {
    if (scheduled) return
    scheduled = true
    const run = () => {
      cancelAnimationFrame(frame)
      clearTimeout(timer)
      scheduled = false
      on_view()
    }
    const frame = requestAnimationFrame(run)
    // A page in the background gets no animation frames.
    const timer = setTimeout(run, FRAME_MAX_MS)
  }

  const own = createOwnChanges({ ...{ room_id, me, model, connection, http }, changed })

  const typing = createTyping(names => {
    typists = names
    changed()
  })

  async function request(query: PageQuery) {
    try {
      // In a busy room a page may be older than the events that the model keeps: load it again, a few times.
      for (let i = 0; i < 3; i++) {
        const page = await http.messages(room_id, query)
        notes.page(page)
        if (model.page(page, query) || query.before !== undefined) break
      }
      status = 'member'
      settle()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (status === 'loading') status = 'failed'
      changed()
    }
  }

  /** The newest page; once after opening a room with many unread messages, the page around the first of them. */
  function firstPage(): PageQuery {
    const many = unread_many
    unread_many = false
    return many ? { after: Math.max(0, unread_after - PAGE / 5), limit: PAGE } : { limit: PAGE }
  }

  /** Trims what is far from the messages on the screen. @returns whether something was trimmed */
  function trim(first: number, last: number): boolean {
    const { messages } = model
    model.trim(first, last, KEEP, SLACK)
    return messages !== model.messages
  }

  /** Loads a page once the pending request is done. */
  async function load(query: PageQuery) {
    while (loading) await loading
    loading = request(query)
    await loading
    loading = null
  }

  /** Messages that are in the log by now are no longer outgoing. */
  function settle() {
    outgoing.drop(room_id, model.head)
    quotes.lookUp(model)
    changed()
  }

  /** The last event that a member sees tells how the membership ended. */
  function noteEnd(event: EventFrame) {
    const how = event.type === 'room_deleted' ? 'deleted' : event.type
    const mine =
      how === 'deleted' ||
      ((how === 'removed' || how === 'left' || how === 'banned') && 'member' in event && event.member === me)
    if (mine) ended = { how: how as Ended['how'], by: event.username, name: room.name }
  }

  return {
    /** A change is not acknowledged yet: the conversation must stay in the cache. */
    get busy() {
      return own.busy
    },

    /** Starts from an empty model, also again: events after `seq` follow. */
    start(seq: number) {
      model.start(seq)
      quotes.clear()
      notes.clear()
      own.clear()
      return load(firstPage())
    },

    event(event: RoomEvent) {
      model.event(event)
      if (event.type === 'reactions') return settle()
      quotes.event(event)
      notes.event(event)
      if (event.type === 'message') {
        typing.end(event.username)
        if (event.username === me) outgoing.arrived(event.client_id)
      } else if (event.type === 'edited' || event.type === 'deleted') own.arrived(event.id)
      else if (event.type === 'left' || event.type === 'removed' || event.type === 'banned') typing.end(event.member)
      noteEnd(event)
      if (!isOpen()) trim(model.head, model.head)
      settle()
    },

    frame(frame: ServerFrames['welcome' | 'presence' | 'typing']) {
      if (frame.type === 'typing') {
        if (frame.username === me) return
        if (frame.on) typing.begin(frame.username)
        else typing.end(frame.username)
        return
      }
      if (frame.type === 'presence' && frame.username !== undefined && !frame.online) typing.end(frame.username)
      changed()
    },

    /** Something that the view shows has changed. */
    changed,
    disconnected: typing.clear,

    /** The user is no longer a member. */
    end() {
      status = 'left'
      ended ??= { how: 'removed', by: '', name: room.name }
      typing.clear()
      changed()
    },

    /** The user opened the room: the line of new messages is set from its read mark. */
    opened({ unread, last_read_seq }: Pick<Room, 'unread' | 'last_read_seq'>) {
      unread_after = unread > 0 ? last_read_seq : 0
      unread_many = unread > UNREAD_NEAR
      target = null
      const first = model.messages[0]
      if (unread_many && first && first.id > last_read_seq && model.has_older) {
        // What is held begins after the first new message: it is not to be seen, and so not read, before that one.
        status = 'loading'
        load(firstPage())
      }
      changed()
    },
    /** The user came back to a hidden tab in which messages have arrived since: they are new. */
    returned(last_read_seq: number) {
      unread_after = last_read_seq
      // Before the mark moves on.
      on_view()
    },
    /** Messages of other users that are held, after one seq and up to another. */
    countOthers: (after: number, upto: number): number =>
      model.messages.filter(
        ({ id, username, deleted_at }) => id > after && id <= upto && username !== me && deleted_at === undefined,
      ).length,

    loadOlder() {
      const first = model.messages[0]
      if (first && model.has_older && !loading) load({ before: first.id, limit: PAGE })
    },
    loadNewer() {
      const last = model.messages.at(-1)
      if (last && !model.attached && !loading) load({ after: last.id, limit: PAGE })
    },

    /** Loads the page around a message if needed, and scrolls to it. */
    async show(id: number) {
      while (loading) await loading
      if (!model.get(id)) await load({ after: Math.max(0, id - PAGE / 2 - 1), limit: PAGE })
      target = { id, at: (target?.at ?? 0) + 1 }
      changed()
    },

    /** Back to the newest messages. */
    async toEnd() {
      if (!model.attached) await load({ limit: PAGE })
      target = { id: null, at: (target?.at ?? 0) + 1 }
      changed()
    },

    /** @param first the first message on the screen, `last` the last one */
    reading(first: number, last: number) {
      if (trim(first, last)) changed()
    },

    send(text: string) {
      const reply_to = replying ?? undefined
      replying = null
      outgoing.send(room_id, text, reply_to)
    },
    edit: (id: number, text: string) => own.change(id, text),
    remove: (id: number) => own.change(id, null),
    react: own.react,

    reply(id: number | null) {
      replying = id
      editing = null
      // Not with the next frame: the next key is already meant for the field that this opens or closes.
      on_view()
    },
    beginEdit(id: number | null) {
      editing = id
      on_view()
    },

    view: (): ConversationView => ({
      room_id,
      status,
      ended,
      messages: own.apply(model.messages),
      ...notes.view,
      attached: model.attached,
      quotes: quotes.found,
      has_older: model.has_older,
      outgoing: outgoing.of(room_id),
      ...presence(),
      typing: typists,
      unread_after,
      target,
      replying,
      editing,
    }),
  }
}
