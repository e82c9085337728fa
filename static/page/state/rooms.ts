import type { Message } from '../../../schemas/message.js'
import type { Room } from '../../../schemas/room.js'
import { limits } from '../../../schemas/wire.js'
import { ApiError, type Connection, type Http, type RoomEvent, type RoomListener } from '../../client/index.js'
import { newestAt } from '../text/room-list.js'
import { changedSettings } from './changed-settings.js'
import type { Conversation } from './conversation.js'
import { foldLastMessage } from './last-message.js'
import { foldPresence } from './presence.js'
import { createReadMarks } from './read-marks.js'
import type { AccountState } from './state.js'
import type { Store } from './store.js'
import type { Subscriptions } from './subscriptions.js'
import { countUnread, isUncounted, NOTHING_UNREAD } from './unread.js'

/** Pages of one's own rooms that are loaded. */
const PAGES_MAX = 20
/** Events that change a room's counts are gathered this long before the room is loaded again, ms. */
const REFRESH_MS = 1000

export interface RoomsOptions {
  me: string
  http: Http
  connection: Connection
  subscriptions: Subscriptions
  store: Store<AccountState>
  conversation: (room_id: string) => Conversation | undefined
  /** A room is no longer followed, although the user is a member: what is held of it grows old. */
  on_unfollowed: (room_id: string) => void
  /** Another user's message in a joined room. */
  on_message: (message: Message) => void
}

export type Rooms = ReturnType<typeof createRooms>

/**
 * The user's own rooms, all of them, and the first public ones that the user can join. Own rooms are subscribed to, and
 * their events keep the list up to date; it is loaded again only when a socket opens and when the page is looked at again.
 */
export function createRooms(options: RoomsOptions) {
  const { me, http, connection, subscriptions, store, conversation, on_unfollowed, on_message } = options
  const refreshing = new Map<string, ReturnType<typeof setTimeout>>()
  const marks = createReadMarks(connection)

  function put(room: Room) {
    store.set({ rooms: new Map(store.state.rooms).set(room.id, room) })
  }
  function change(room_id: string, changed: (room: Room) => Partial<Room>) {
    const room = store.state.rooms.get(room_id)
    if (room) put({ ...room, ...changed(room) })
  }
  function drop(room_id: string) {
    clearTimeout(refreshing.get(room_id))
    refreshing.delete(room_id)
    const rooms = new Map(store.state.rooms)
    rooms.delete(room_id)
    store.set({ rooms })
  }

  async function refresh(room_id: string) {
    try {
      const room = await http.room(room_id)
      // Events were faster than this response: it would undo them.
      if (room.last_seq < (subscriptions.after(room_id) ?? 0)) refreshSoon(room_id)
      else put(withMark(room))
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) drop(room_id)
    }
  }
  /** A room as it was loaded, unless its read mark has moved on meanwhile. */
  function withMark(room: Room): Room {
    const { last_read_seq, unread, unread_mentions } = store.state.rooms.get(room.id) ?? room
    return last_read_seq > room.last_read_seq ? { ...room, last_read_seq, unread, unread_mentions } : room
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

  function event(room_id: string, frame: RoomEvent) {
    conversation(room_id)?.event(frame)
    change(room_id, room => {
      // The room was loaded after this event, and counts it.
      if (frame.seq <= room.last_seq) return {}
      return {
        last_seq: frame.seq,
        ...countUnread(room, frame, me, store.state.blocked),
        last_message: foldLastMessage(room.last_message, frame),
        ...(frame.type === 'room_changed' && changedSettings(frame)),
      }
    })
    if (frame.type === 'message' && frame.username !== me) on_message(frame)
    if (isUncounted(store.state.rooms.get(room_id), frame)) refreshSoon(room_id)
  }
  const lastSaid = (room_id: string) => newestAt(store.state.rooms.get(room_id))
  const listener = (room_id: string): RoomListener => ({
    start(seq) {
      conversation(room_id)?.start(seq)
      refreshSoon(room_id)
    },
    event: frame => event(room_id, frame),
    frame(frame) {
      if (frame.type === 'read') readElsewhere(room_id, frame.seq)
      else if (frame.type === 'seen') store.set({ seen: frame })
      else if (frame.type !== 'error') {
        if (frame.type !== 'typing')
          subscriptions.setPresence(room_id, foldPresence(subscriptions.presence(room_id), frame))
        conversation(room_id)?.frame(frame)
      }
    },
    ended({ code }) {
      subscriptions.ended(room_id)
      conversation(room_id)?.end()
      if (code === 'ROOM_NOT_FOUND') drop(room_id)
      else outside(room_id)
    },
  })

  /** The user is no longer a member: a private room can no longer be read. */
  async function outside(room_id: string) {
    if (store.state.rooms.get(room_id)?.is_public) await refresh(room_id)
    else drop(room_id)
  }

  function readElsewhere(room_id: string, seq: number) {
    const room = store.state.rooms.get(room_id)
    if (!room || seq <= room.last_read_seq) return
    change(room_id, () => ({ last_read_seq: seq, ...(seq >= room.last_seq && NOTHING_UNREAD) }))
    if (seq < room.last_seq) refreshSoon(room_id)
  }

  /** The open room is always followed: if there are too many, the one that was quiet for longest gives way to it. */
  function follow(room: Room) {
    if (!room.is_member || subscriptions.has(room.id)) return
    if (subscriptions.full) {
      if (store.state.conversation?.room_id !== room.id) return
      const [quietest] = [...subscriptions.ids()].sort((a, b) => lastSaid(a).localeCompare(lastSaid(b)))
      if (quietest !== undefined) {
        subscriptions.leave(quietest)
        on_unfollowed(quietest)
      }
    }
    // From the list's own seq on, so that no event is lost between the response and the subscription.
    subscriptions.subscribe(room.id, listener(room.id), room.last_seq)
  }
  function enter(room: Room) {
    put(room)
    follow(room)
  }

  async function listOwn(): Promise<Room[]> {
    const own: Room[] = []
    let after: string | undefined
    for (let i = 0; i < PAGES_MAX; i++) {
      const page = await http.rooms({ mine: true, limit: limits.PAGE_MAX, ...(after !== undefined && { after }) })
      own.push(...page.rooms)
      after = page.next
      if (after === undefined) break
    }
    return own
  }

  /** The cursor of the next page of public rooms. */
  let others_after: string | undefined
  async function listOthers(after?: string): Promise<Room[]> {
    const page = await http.rooms({ mine: false, limit: limits.PAGE_MAX, ...(after !== undefined && { after }) })
    others_after = page.next
    store.set({ has_more_rooms: page.next !== undefined })
    return page.rooms
  }

  function putAll(listed: readonly Room[]) {
    const rooms = new Map(store.state.rooms)
    for (const room of listed) {
      const isOld = room.last_read_seq < (rooms.get(room.id)?.last_read_seq ?? 0)
      // A room whose events or read mark have come further than this response is known better.
      if (!isOld && room.last_seq >= (subscriptions.after(room.id) ?? 0)) rooms.set(room.id, room)
    }
    store.set({ rooms })
  }

  /** Shows what was listed, and follows the user's own rooms, the active ones first. */
  function replace(own: Room[], others: Room[]) {
    const listed = new Set([...own, ...others].map(({ id }) => id))
    const isKept = ({ id }: Room) => listed.has(id) || subscriptions.has(id) || id === store.state.conversation?.room_id
    store.set({
      rooms: new Map([...store.state.rooms].filter(([, room]) => isKept(room))),
      rooms_status: 'loaded',
    })
    putAll([...own, ...others])
    for (const room of own.sort((a, b) => newestAt(b).localeCompare(newestAt(a)))) follow(room)
  }

  let loading: Promise<void> | undefined
  /** One at a time. @throws ApiError */
  function load(): Promise<void> {
    loading ??= Promise.all([listOwn(), listOthers()])
      .then(([own, others]) => replace(own, others))
      .finally(() => {
        loading = undefined
      })
    return loading
  }

  return {
    /** @throws ApiError */
    async load() {
      store.set({ rooms_status: 'loading' })
      try {
        await load()
      } catch (error) {
        store.set({ rooms_status: 'failed' })
        throw error
      }
    },

    /** Finds what no frame told of: public rooms of others, and what happened while the page was not connected. */
    async reload() {
      if (store.state.rooms_status !== 'loading') await load().catch(() => {})
    },

    /** Finds the rooms that the user was added to after the list was read and before the socket was open. */
    async findOwn() {
      await loading?.catch(() => {})
      const own = await listOwn().catch(() => [])
      putAll(own)
      own.forEach(follow)
    },

    /** The next public rooms. @throws ApiError */
    async loadMore() {
      putAll(await listOthers(others_after))
    },

    /** Finds public rooms by a part of their name, for the list that shows what is loaded. @throws ApiError */
    async search(q: string) {
      putAll((await http.rooms({ mine: false, limit: limits.PAGE_MAX, q: q.slice(0, limits.ROOM_NAME_MAX) })).rooms)
    },

    /** The user became a member: added by the owner, or joined in another tab. @throws ApiError */
    async admitted(room_id: string) {
      if (subscriptions.has(room_id)) return
      enter(await http.room(room_id))
    },

    /** Loads a room that is not in the list. @throws ApiError 404 if it does not exist or is private */
    async find(room_id: string): Promise<Room> {
      const known = store.state.rooms.get(room_id)
      // A room that is not followed may be known as it was long ago.
      if (known && (!known.is_member || subscriptions.has(room_id))) return known
      const room = await http.room(room_id)
      enter(room)
      return room
    },

    /** The user created or joined a room. */
    entered: enter,
    async left(room_id: string) {
      subscriptions.leave(room_id)
      await outside(room_id)
    },
    deleted(room_id: string) {
      subscriptions.leave(room_id)
      drop(room_id)
    },
    refresh,
    presence: subscriptions.presence,
    /** The seq after which a conversation's events follow. */
    resumeSeq: subscriptions.after,

    /** Everything up to `seq` was on the screen: the read mark moves there, unless it is further already. */
    markRead(room_id: string, seq: number) {
      const room = store.state.rooms.get(room_id)
      if (!room || (seq <= room.last_read_seq && !(seq === room.last_seq && room.unread > 0))) return
      const all = seq >= room.last_seq
      const passed = all ? 0 : (conversation(room_id)?.countOthers(room.last_read_seq, seq) ?? 0)
      const left = all ? NOTHING_UNREAD : { unread: Math.max(0, room.unread - passed) }
      change(room_id, () => ({ last_read_seq: seq, ...left }))
      if (!all && (room.unread >= limits.UNREAD_MAX || room.unread_mentions > 0)) refreshSoon(room_id)
      marks.add(room_id, seq)
    },
    /** Sends the gathered read marks, now that the connection is open. */
    flushMarks: marks.flush,
    close() {
      for (const timer of refreshing.values()) clearTimeout(timer)
    },
  }
}
