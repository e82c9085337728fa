import type { EventFrame } from '../../../schemas/frame.js'
import type { Message } from '../../../schemas/message.js'
import type { Room } from '../../../schemas/room.js'
import { limits } from '../../../schemas/wire.js'
import { ApiError, type Connection, type Http, type RoomListener } from '../../client/index.js'
import type { Conversation } from './conversation.js'
import { foldLast } from './last-message.js'
import { foldPresence, NOBODY, type Presence } from './presence.js'
import type { State } from './state.js'
import type { Store } from './store.js'

/** Pages of the list of rooms that are loaded. */
const PAGES_MAX = 10
/** A room's record is asked for again so long after something that it counts has changed, ms. */
const REFRESH_MS = 1000
/** Read marks are gathered so long, ms. */
const READ_MS = 300

export interface RoomsOptions {
  me: string
  http: Http
  connection: Connection
  store: Store<State>
  conversation: (room_id: string) => Conversation | undefined
  /** Somebody else's message in a room that one is in. */
  said: (message: Message) => void
}

export type Rooms = ReturnType<typeof createRooms>

/** The list of rooms, kept by the events of those that one is in. */
export function createRooms({ me, http, connection, store, conversation, said }: RoomsOptions) {
  const followed = new Map<string, Presence>()
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
      // Events have overtaken this answer: what they told would be taken back.
      if (room.last_seq < (connection.resumePoint(room_id)?.after ?? 0)) refreshSoon(room_id)
      else put(room)
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) drop(room_id)
    }
  }
  /** Gathers what several events change into one request. */
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
      last_message: foldLast(room.last_message, frame),
    }))
    if (frame.type === 'message' && frame.username !== me) said(frame)
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
        if (frame.type !== 'typing') followed.set(room_id, foldPresence(followed.get(room_id) ?? NOBODY, frame))
        conversation(room_id)?.frame(frame)
      }
    },
    ended() {
      followed.delete(room_id)
      conversation(room_id)?.end('left')
      refresh(room_id)
    },
  })

  function readElsewhere(room_id: string, seq: number) {
    const room = store.state.rooms.get(room_id)
    if (!room || seq <= room.last_read_seq) return
    change(room_id, () => ({ last_read_seq: seq, ...(seq >= room.last_seq && { unread: 0 }) }))
    if (seq < room.last_seq) refreshSoon(room_id)
  }

  function follow(room: Room) {
    if (followed.has(room.id) || followed.size >= limits.ROOMS_PER_SOCKET_MAX) return
    followed.set(room.id, NOBODY)
    // From the list's own state on, so that nothing falls between the list and the socket.
    connection.subscribe(room.id, listener(room.id), { after: room.last_seq })
  }
  function unfollow(room_id: string) {
    if (followed.delete(room_id)) connection.unsubscribe(room_id)
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

  function adopt(rooms: Map<string, Room>) {
    store.set({ rooms, rooms_list: 'loaded' })
    for (const room of rooms.values()) if (room.is_member) follow(room)
    for (const room_id of followed.keys()) if (!rooms.get(room_id)?.is_member) unfollow(room_id)
  }

  return {
    /** @throws ApiError */
    async load() {
      store.set({ rooms_list: 'loading' })
      try {
        adopt(await list())
      } catch (error) {
        store.set({ rooms_list: 'failed' })
        throw error
      }
    },

    /** Finds rooms that are new to the list or that one is newly in; those that are followed are told by their events. */
    async look() {
      const rooms = await list().catch(() => null)
      if (!rooms || store.state.rooms_list === 'loading') return
      if (store.state.rooms_list === 'failed') return adopt(rooms)
      for (const room of rooms.values()) {
        if (followed.has(room.id) || store.state.rooms.get(room.id)?.last_seq === room.last_seq) continue
        put(room)
        if (room.is_member) follow(room)
      }
    },

    /** One is newly a member: by its owner's doing, or one's own in another tab. @throws ApiError */
    async admitted(room_id: string) {
      if (followed.has(room_id)) return
      const room = await http.room(room_id)
      put(room)
      if (room.is_member) follow(room)
    },

    /** A room from the server, where the list lacks it. @throws ApiError 404 where it is not to be seen */
    async find(room_id: string): Promise<Room> {
      const known = store.state.rooms.get(room_id)
      if (known) return known
      const room = await http.room(room_id)
      put(room)
      if (room.is_member) follow(room)
      return room
    },

    /** Newly made or joined. */
    entered(room: Room) {
      put(room)
      follow(room)
    },
    /** Left or deleted. */
    async gone(room_id: string) {
      unfollow(room_id)
      await refresh(room_id)
    },
    refresh,
    presence: (room_id: string): Presence => followed.get(room_id) ?? NOBODY,
    /** From where the conversation's events follow. */
    resumeSeq: (room_id: string) => connection.resumePoint(room_id)?.after,

    /** Everything up to `seq` was on the screen. */
    seen(room_id: string, seq: number) {
      const room = store.state.rooms.get(room_id)
      if (!room || (seq <= room.last_read_seq && room.unread === 0)) return
      change(room_id, () => ({ last_read_seq: Math.max(seq, room.last_read_seq), unread: 0 }))
      if (marks.size === 0) setTimeout(flushMarks, READ_MS)
      marks.set(room_id, seq)
    },
    /** The socket is open again. */
    flushMarks,
  }
}
