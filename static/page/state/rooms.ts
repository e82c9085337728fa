import type { EventFrame } from '../../../schemas/frame.js'
import type { Message } from '../../../schemas/message.js'
import type { Room } from '../../../schemas/room.js'
import { limits } from '../../../schemas/wire.js'
import { ApiError, type Connection, type Http, type RoomListener } from '../../client/index.js'
import type { Conversation } from './conversation.js'
import { foldLastMessage } from './last-message.js'
import { foldPresence, NO_PRESENCE, type Presence } from './presence.js'
import type { AccountState } from './state.js'
import type { Store } from './store.js'

/** Pages of the room list that are loaded. */
const PAGES_MAX = 10
/** Events that change a room's counts are gathered this long before the room is loaded again, ms. */
const REFRESH_MS = 1000
/** Read marks are gathered this long before they are sent, ms. */
const READ_MS = 300

export interface RoomsOptions {
  me: string
  http: Http
  connection: Connection
  store: Store<AccountState>
  conversation: (room_id: string) => Conversation | undefined
  /** Another user's message in a joined room. */
  on_message: (message: Message) => void
}

export type Rooms = ReturnType<typeof createRooms>

/** The list of rooms. Joined rooms are subscribed to, and their events keep the list up to date. */
export function createRooms({ me, http, connection, store, conversation, on_message }: RoomsOptions) {
  /** Presence in each room that is subscribed to. */
  const subscribed = new Map<string, Presence>()
  const refreshing = new Map<string, ReturnType<typeof setTimeout>>()
  const marks = new Map<string, number>()

  function put(room: Room) {
    store.set({ rooms: new Map(store.state.rooms).set(room.id, room) })
  }
  function change(room_id: string, changed: (room: Room) => Partial<Room>) {
    const room = store.state.rooms.get(room_id)
    if (room) put({ ...room, ...changed(room) })
  }
  function drop(room_id: string) {
    const rooms = new Map(store.state.rooms)
    rooms.delete(room_id)
    store.set({ rooms })
  }

  async function refresh(room_id: string) {
    try {
      const room = await http.room(room_id)
      // Events were faster than this response: it would undo them.
      if (room.last_seq < (connection.resumePoint(room_id)?.after ?? 0)) refreshSoon(room_id)
      else put(room)
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) drop(room_id)
    }
  }
  function refreshSoon(room_id: string) {
    if (refreshing.has(room_id)) return
    refreshing.set(
      room_id,
      setTimeout(() => {
        refreshing.delete(room_id)
        refresh(room_id)
      }, REFRESH_MS),
    )
  }

  function event(room_id: string, frame: EventFrame) {
    conversation(room_id)?.event(frame)
    change(room_id, room => ({
      last_seq: frame.seq,
      unread: frame.type === 'message' && frame.username !== me ? room.unread + 1 : room.unread,
      last_message: foldLastMessage(room.last_message, frame),
    }))
    if (frame.type === 'message' && frame.username !== me) on_message(frame)
    const room = store.state.rooms.get(room_id)
    if (
      frame.type === 'deleted'
        ? room && frame.id > room.last_read_seq
        : frame.type !== 'message' && frame.type !== 'edited'
    ) {
      refreshSoon(room_id)
    }
  }

  const listener = (room_id: string): RoomListener => ({
    start(seq) {
      conversation(room_id)?.start(seq)
      refreshSoon(room_id)
    },
    event: frame => event(room_id, frame),
    frame(frame) {
      if (frame.type === 'read') readElsewhere(room_id, frame.seq)
      else if (frame.type !== 'error') {
        if (frame.type !== 'typing')
          subscribed.set(room_id, foldPresence(subscribed.get(room_id) ?? NO_PRESENCE, frame))
        conversation(room_id)?.frame(frame)
      }
    },
    ended() {
      subscribed.delete(room_id)
      conversation(room_id)?.end()
      refresh(room_id)
    },
  })

  function readElsewhere(room_id: string, seq: number) {
    const room = store.state.rooms.get(room_id)
    if (!room || seq <= room.last_read_seq) return
    change(room_id, () => ({ last_read_seq: seq, ...(seq >= room.last_seq && { unread: 0 }) }))
    if (seq < room.last_seq) refreshSoon(room_id)
  }

  function subscribe(room: Room) {
    if (subscribed.has(room.id) || subscribed.size >= limits.ROOMS_PER_SOCKET_MAX) return
    subscribed.set(room.id, NO_PRESENCE)
    // From the list's own seq on, so that no event is lost between the response and the subscription.
    connection.subscribe(room.id, listener(room.id), { after: room.last_seq })
  }
  function unsubscribe(room_id: string) {
    if (subscribed.delete(room_id)) connection.unsubscribe(room_id)
  }

  function flushMarks() {
    if (connection.state.name !== 'open') return
    for (const [room_id, seq] of marks) connection.read(room_id, seq)
    marks.clear()
  }

  async function list(): Promise<Map<string, Room>> {
    const rooms = new Map<string, Room>()
    let after: string | undefined
    for (let i = 0; i < PAGES_MAX; i++) {
      const page = await http.rooms({ limit: limits.PAGE_MAX, ...(after !== undefined && { after }) })
      for (const room of page.rooms) rooms.set(room.id, room)
      after = page.next
      if (after === undefined) break
    }
    return rooms
  }

  function replace(rooms: Map<string, Room>) {
    store.set({ rooms, rooms_status: 'loaded' })
    for (const room of rooms.values()) if (room.is_member) subscribe(room)
    for (const room_id of subscribed.keys()) if (!rooms.get(room_id)?.is_member) unsubscribe(room_id)
  }

  return {
    /** @throws ApiError */
    async load() {
      store.set({ rooms_status: 'loading' })
      try {
        replace(await list())
      } catch (error) {
        store.set({ rooms_status: 'failed' })
        throw error
      }
    },

    /** Finds rooms that are new, or newly joined, since the list was loaded; events keep the subscribed ones. */
    async poll() {
      const rooms = await list().catch(() => null)
      if (!rooms || store.state.rooms_status === 'loading') return
      if (store.state.rooms_status === 'failed') return replace(rooms)
      for (const room of rooms.values()) {
        if (subscribed.has(room.id) || store.state.rooms.get(room.id)?.last_seq === room.last_seq) continue
        put(room)
        if (room.is_member) subscribe(room)
      }
    },

    /** The user became a member: added by the owner, or joined in another tab. @throws ApiError */
    async admitted(room_id: string) {
      if (subscribed.has(room_id)) return
      const room = await http.room(room_id)
      put(room)
      if (room.is_member) subscribe(room)
    },

    /** Loads a room that is not in the list. @throws ApiError 404 if it does not exist or is private */
    async find(room_id: string): Promise<Room> {
      const known = store.state.rooms.get(room_id)
      if (known) return known
      const room = await http.room(room_id)
      put(room)
      if (room.is_member) subscribe(room)
      return room
    },

    /** The user created or joined a room. */
    entered(room: Room) {
      put(room)
      subscribe(room)
    },
    /** The user left or deleted a room. */
    async gone(room_id: string) {
      unsubscribe(room_id)
      await refresh(room_id)
    },
    refresh,
    presence: (room_id: string): Presence => subscribed.get(room_id) ?? NO_PRESENCE,
    /** The seq after which a conversation's events follow. */
    resumeSeq: (room_id: string) => connection.resumePoint(room_id)?.after,

    /** Everything up to `seq` was on the screen. */
    markRead(room_id: string, seq: number) {
      const room = store.state.rooms.get(room_id)
      if (!room || (seq <= room.last_read_seq && room.unread === 0)) return
      change(room_id, () => ({ last_read_seq: Math.max(seq, room.last_read_seq), unread: 0 }))
      if (marks.size === 0) setTimeout(flushMarks, READ_MS)
      marks.set(room_id, seq)
    },
    /** Sends the gathered read marks, now that the connection is open. */
    flushMarks,
    close() {
      for (const timer of refreshing.values()) clearTimeout(timer)
    },
  }
}
