import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { errors } from '../../schemas/error.js'
import type { StoredEvent } from '../../schemas/event.js'
import type { Room } from '../../schemas/room.js'
import { KEEPS_ALL, limits } from '../../schemas/wire.js'
import type { RoomLog } from '../room-log/index.js'
import { Conflict, directId, hiddenMark, type Store } from '../store/index.js'
import type { List } from './list.js'
import type { Marks } from './marks.js'

export type Direct = ReturnType<typeof createDirect>

/** Changes made by this process. Listeners must not throw. */
interface DirectEvents {
  /** A message was stored in a direct conversation of these users. */
  said: [message: StoredEvent, usernames: string[]]
  /** The user left the list's entry of a conversation as of `seq`. */
  hidden: [username: string, room_id: string, seq: number]
  blocked: [username: string, subject: string, on: boolean]
}

const bySpelling = (a: string, b: string) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)

/**
 * Direct conversations. Their id follows from the set of their members, who are in the first event of the log and never
 * change. All of them are members at once, but nobody's list shows a conversation in which nothing was said.
 */
export function createDirect(
  store: Store,
  roomLog: RoomLog,
  marks: Pick<Marks, 'markRead'>,
  { get, listDirect }: Pick<List, 'get' | 'listDirect'>,
) {
  const directEvents = new EventEmitter<DirectEvents>()

  /** The names as registered, each once, in the order of their spelling. @throws DirectTooLarge, UserNotFound */
  async function registered(usernames: string[]): Promise<string[]> {
    const asked = new Map(usernames.map(username => [username.toLowerCase(), username]))
    if (asked.size > limits.DIRECT_MAX) throw new errors.DirectTooLarge()
    const accounts = await store.readUsers([...asked.keys()])
    const found = accounts.filter(({ deletion }) => deletion === null).map(({ username }) => username)
    for (const username of found) asked.delete(username.toLowerCase())
    for (const username of asked.values()) throw new errors.UserNotFound(username)
    return found.sort(bySpelling)
  }

  /** Who of two users blocks the other one: none, one or both. */
  async function blocksBetween(username: string, other: string): Promise<string[]> {
    const { room } = await roomLog.view(directId([username, other]), [username])
    return room?.direct?.blocked_by ?? []
  }

  /** Creates the conversation of `usernames`, as registered and sorted, if it does not exist. @returns its id */
  async function ensure(username: string, usernames: string[]): Promise<string> {
    const id = directId(usernames)
    const created_at = new Date().toISOString()
    const data = { name: id, description: '', is_public: false, max_members: 0, password_hash: null }
    const stored = {
      owner: '',
      member_count: usernames.length,
      slow_mode_s: 0,
      ...KEEPS_ALL,
      indexed_seq: 1,
      deleted: false,
    }
    const direct = { usernames, blocked_by: [] }
    const created = { room_id: id, seq: 1, username, client_id: randomUUID(), created_at }
    try {
      await store.createRoom(
        { id, ...data, ...stored, created_at, direct },
        { ...created, type: 'created', data: { ...data, members: usernames } },
      )
    } catch (error) {
      // Another member was first.
      if (!(error instanceof Conflict)) throw error
    }
    return id
  }

  return {
    directEvents,
    blocksBetween,
    ensure,
    listDirect,

    /**
     * The conversation of a user with others, created if it does not exist; however many servers do so at once, it is one.
     * @param limited runs what creates it
     * @throws Oneself if nobody else is named; DirectTooLarge, UserNotFound; Blocked, if one of the others blocks the
     *   user, or if it does not exist yet and the user blocks one of them; what `limited` throws
     */
    async openDirect(
      username: string,
      usernames: string[],
      limited: <T>(create: () => Promise<T>) => Promise<T>,
    ): Promise<Room> {
      const members = await registered([username, ...usernames])
      const others = members.filter(member => member !== username)
      if (others.length === 0) throw new errors.Oneself()
      const id = directId(members)
      const { room } = await roomLog.view(id, [username])
      if (!room || others.length === 1) {
        for (const other of others) {
          const blocked_by = await blocksBetween(username, other)
          if (blocked_by.includes(other) || (!room && blocked_by.length > 0)) throw new errors.Blocked(other)
        }
      }
      if (!room) await limited(() => ensure(username, members))
      return get(id, username)
    },

    /** Takes a conversation off the user's list until something is said after `seq`, and marks it as read. */
    async hide(room_id: string, username: string, seq: number): Promise<void> {
      await store.moveMark(username, hiddenMark(room_id), seq)
      await marks.markRead(room_id, username, seq)
      directEvents.emit('hidden', username, room_id, seq)
    },
  }
}
