import type { EventFrame, ServerFrames } from '../../../schemas/frame.js'
import type { Message, PageQuery } from '../../../schemas/message.js'
import type { Room } from '../../../schemas/room.js'
import { ApiError, type Connection, createRoomModel, createTyping, type Http } from '../../client/index.js'
import type { Presence } from './presence.js'
import type { Sending } from './sending.js'
import type { Talk } from './state.js'

/** Messages kept on each side of those on the screen. */
const KEEP = 60
/** They are cut rarely, since each time the list is drawn anew. */
const SLACK = 30
/** Few enough that their drawing is not felt while one scrolls. */
const PAGE = 20
/** A change is shown with the next frame, or after this where none comes, ms. */
const FRAME_MAX_MS = 100
/** More unread messages than this, and the list opens at the first of them rather than with the newest page. */
const UNREAD_NEAR = 20

export type Conversation = ReturnType<typeof createConversation>

export interface ConversationOptions {
  me: string
  http: Http
  connection: Connection
  sending: Sending
  presence: () => Presence
  /** It is on the screen. */
  shown: () => boolean
  /** Called when `view()` has changed: at most once a frame for what comes in, at once for what opens a field. */
  tell: () => void
}

/**
 * One room as it is talked in: its messages, what is on its way, who is there and who writes.
 */
export function createConversation(
  room: Room,
  { me, http, connection, sending, presence, shown, tell }: ConversationOptions,
) {
  const room_id = room.id
  const model = createRoomModel()
  let standing: Talk['standing'] = 'loading'
  /** Edits and deletions (null) under way. */
  const changes = new Map<number, string | null>()
  let typists: string[] = []
  let unread_after = 0
  let unread_many = false
  let target: Talk['target'] = null
  let replying: number | null = null
  let editing: number | null = null
  /** The request under way: there is one at a time. */
  let loading: Promise<void> | null = null
  let scheduled = false

  function changed() {
    if (scheduled) return
    scheduled = true
    const run = () => {
      cancelAnimationFrame(frame)
      clearTimeout(timer)
      scheduled = false
      tell()
    }
    const frame = requestAnimationFrame(run)
    // A page in the background gets no animation frames, nor does one that goes there before its next.
    const timer = setTimeout(run, FRAME_MAX_MS)
  }

  const typing = createTyping(names => {
    typists = names
    changed()
  })

  async function request(query: PageQuery) {
    try {
      // A room in which more happens in a request's time than the model keeps is asked again, but not for ever.
      for (let i = 0; i < 3; i++) {
        const page = await http.messages(room_id, query)
        if (model.page(page, query) || query.before !== undefined) break
      }
      standing = 'member'
      settle()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (standing === 'loading') standing = 'failed'
      changed()
    }
  }

  /** Where many messages were new when it was opened, the first of them with what stands before; once. */
  function firstPage(): PageQuery {
    const many = unread_many
    unread_many = false
    return many ? { after: Math.max(0, unread_after - PAGE / 5), limit: PAGE } : { limit: PAGE }
  }

  /** Forgets what is far from the messages on the screen. @returns whether something was cut */
  function bound(first: number, last: number): boolean {
    const { messages } = model
    model.trim(first, last, KEEP, SLACK)
    return messages !== model.messages
  }

  /** After what is under way. */
  async function load(query: PageQuery) {
    while (loading) await loading
    loading = request(query)
    await loading
    loading = null
  }

  /** What is in the log by now is no longer on its way. */
  function settle() {
    sending.known(room_id, model.head)
    changed()
  }

  /** @returns the refusal's code, null where it was done */
  async function change(id: number, text: string | null): Promise<ApiError | null> {
    changes.set(id, text)
    changed()
    try {
      await (text === null ? connection.delete(room_id, id) : connection.edit(room_id, id, text)).ack
      return null
    } catch (error) {
      changes.delete(id)
      changed()
      return error as ApiError
    }
  }

  function view(): readonly Message[] {
    if (changes.size === 0) return model.messages
    return model.messages.map(message => {
      const text = changes.get(message.id)
      if (text === undefined || message.deleted_at !== undefined) return message
      const now = new Date().toISOString()
      return text === null ? { ...message, text: '', deleted_at: now } : { ...message, text, edited_at: now }
    })
  }

  return {
    get standing() {
      return standing
    },
    /** A change is on its way: not to be forgotten. */
    get busy() {
      return changes.size > 0
    },

    /** Begins, or begins anew: events after `seq` follow. */
    start(seq: number) {
      model.start(seq)
      changes.clear()
      return load(firstPage())
    },

    event(event: EventFrame) {
      model.event(event)
      if (event.type === 'message') {
        typing.end(event.username)
        if (event.username === me) sending.arrived(event.client_id)
      } else if (event.type === 'edited' || event.type === 'deleted') changes.delete(event.id)
      else if (event.type === 'left' || event.type === 'removed') typing.end(event.member)
      if (!shown()) bound(model.head, model.head)
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

    /** Something that it shows is another. */
    changed,
    /** The socket is gone: nobody's writing is known. */
    lost: typing.clear,

    end(as: 'left' | 'missing') {
      standing = as
      typing.clear()
      changed()
    },

    /** It is looked at from now on. */
    opened({ unread, last_read_seq }: Pick<Room, 'unread' | 'last_read_seq'>) {
      unread_after = unread > 0 ? last_read_seq : 0
      unread_many = unread > UNREAD_NEAR
      target = null
      const first = model.messages[0]
      if (unread_many && first && first.id > last_read_seq && model.has_older) load(firstPage())
      changed()
    },

    loadOlder() {
      const first = model.messages[0]
      if (first && model.has_older && !loading) load({ before: first.id, limit: PAGE })
    },
    loadNewer() {
      const last = model.messages.at(-1)
      if (last && !model.attached && !loading) load({ after: last.id, limit: PAGE })
    },

    /** Brings the message into the list, and asks the page to show it. */
    async show(id: number) {
      while (loading) await loading
      if (!model.get(id)) await load({ after: Math.max(0, id - PAGE / 2 - 1), limit: PAGE })
      target = { id, at: (target?.at ?? 0) + 1 }
      changed()
    },

    /** Back to what is said now. */
    async toEnd() {
      if (!model.attached) await load({ limit: PAGE })
      target = { id: null, at: (target?.at ?? 0) + 1 }
      changed()
    },

    /** These are on the screen, the first and the last of them. */
    reading(first: number, last: number) {
      if (bound(first, last)) changed()
    },

    send(text: string) {
      const reply_to = replying ?? undefined
      replying = null
      sending.send(room_id, text, reply_to)
    },
    edit: (id: number, text: string) => change(id, text),
    remove: (id: number) => change(id, null),

    reply(id: number | null) {
      replying = id
      editing = null
      // Not with the next frame: the next key is already for the field that this opens or leaves.
      tell()
    },
    beginEdit(id: number | null) {
      editing = id
      tell()
    },

    view: (): Talk => ({
      room_id,
      standing,
      messages: view(),
      attached: model.attached,
      has_older: model.has_older,
      outgoing: sending.of(room_id),
      ...presence(),
      typing: typists,
      unread_after,
      target,
      replying,
      editing,
    }),
  }
}
