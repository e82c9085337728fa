import { setImmediate } from 'node:timers/promises'
import type { LastMessage, Room, RoomList, RoomRecord } from '../../schemas/room.js'
import { lastText, limits } from '../../schemas/wire.js'
import type { RoomLog, RoomView } from '../room-log/index.js'
import { foldMessage, type Store } from '../store/index.js'
import { assertVisible, isDefault, visible } from './access.js'

export type List = ReturnType<typeof createList>

/** Rooms as one user sees them. */
export function createList(store: Store, roomLog: RoomLog) {
  /** As of the view, so that a member removed after it learns of nothing newer. */
  async function lastMessage(room_id: string, seq: number): Promise<LastMessage | undefined> {
    const [target] = await store.readPage(room_id, { before: seq + 1, limit: 1 })
    if (!target) return undefined
    const { id, username, text, created_at, deleted_at } = foldMessage(target)
    return { id, username, text: lastText(text), created_at, ...(deleted_at !== undefined && { deleted_at }) }
  }

  async function toRoom(view: RoomView, room: RoomRecord, username: string): Promise<Room> {
    const is_member = view.isMember(username)
    const last_read_seq = is_member ? await store.readMark(username, room.id) : 0
    const last_message = is_member ? await lastMessage(room.id, view.seq) : undefined
    return {
      id: room.id,
      name: room.name,
      description: room.description,
      is_public: room.is_public,
      has_password: room.password_hash !== null,
      is_default: isDefault(room),
      max_members: room.max_members,
      owner: room.owner,
      member_count: isDefault(room) ? await store.countUsers() : room.member_count,
      created_at: room.created_at,
      is_member,
      unread: is_member ? await store.countUnread(room.id, username, last_read_seq, limits.UNREAD_MAX) : 0,
      last_read_seq,
      last_seq: view.seq,
      ...(last_message && { last_message }),
    }
  }

  /** The room as it is now. @throws RoomNotFound */
  async function get(room_id: string, username: string): Promise<Room> {
    const view = await roomLog.view(room_id, [username])
    return toRoom(view, assertVisible(view, room_id, username), username)
  }

  /**
   * The rooms that `username` can see, sorted by name.
   * @returns `next` is the name after which the next page starts; absent on the last page
   */
  async function list(username: string, query: RoomList): Promise<{ rooms: Room[]; next?: string }> {
    const { limit = limits.PAGE_DEFAULT, after, q } = query
    const records = await store.listRooms(username, {
      limit: limit + 1,
      ...(after !== undefined && { after }),
      ...(q !== undefined && { q }),
    })
    const rooms: Room[] = []
    const listed = records.slice(0, limit)
    for (const { id } of listed) {
      const view = await roomLog.view(id, [username])
      const room = visible(view, username)
      // The room may have been deleted, or the user removed from it, since it was listed.
      if (room) rooms.push(await toRoom(view, room, username))
      // Counting the unread messages of many rooms must not block other work.
      await setImmediate()
    }
    const last = listed.at(-1)
    return { rooms, ...(records.length > limit && last && { next: last.name }) }
  }

  return { get, list }
}
