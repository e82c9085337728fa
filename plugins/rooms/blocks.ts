import { randomUUID } from 'node:crypto'
import type { Block } from '../../schemas/direct.js'
import { errors } from '../../schemas/error.js'
import { limits } from '../../schemas/wire.js'
import type { RoomLog } from '../room-log/index.js'
import type { Store } from '../store/index.js'
import { registered } from './access.js'
import type { Direct } from './direct.js'

/**
 * Whom users block. A block is an event in the log of the two users' conversation, which is created for it if they never
 * talked: so it holds there from its seq on, and everything else asks the same log.
 */
export function createBlocks(
  store: Store,
  roomLog: RoomLog,
  { ensure, directEvents }: Pick<Direct, 'ensure' | 'directEvents'>,
) {
  /** The last change of each user's blocks; the next one waits for it, so that the bound holds on this server. */
  const changing = new Map<string, Promise<void>>()

  async function inTurn(username: string, change: () => Promise<void>): Promise<void> {
    const before = changing.get(username) ?? Promise.resolve()
    const changed = before.catch(() => {}).then(change)
    changing.set(username, changed)
    try {
      await changed
    } finally {
      if (changing.get(username) === changed) changing.delete(username)
    }
  }

  async function change(username: string, other: string, on: boolean): Promise<void> {
    const pair = [username, other].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
    const room_id = await ensure(username, pair)
    const appended = await roomLog.append(room_id, {
      type: on ? 'blocked' : 'unblocked',
      username,
      client_id: randomUUID(),
      decide(view) {
        const { direct } = view.room ?? {}
        if (!direct?.usernames.includes(username)) throw new errors.RoomNotFound(room_id)
        return direct.blocked_by.includes(username) === on ? null : { member: other }
      },
    })
    if (appended) directEvents.emit('blocked', username, other, on)
  }

  async function blocks(username: string): Promise<Block[]> {
    const rows = await store.listBlocks(username)
    const blocked = rows.flatMap(row => row.blocks ?? [])
    return blocked.sort((a, b) => (a.username.toLowerCase() < b.username.toLowerCase() ? -1 : 1))
  }

  return {
    /** By username; at most BLOCKS_MAX. */
    blocks,

    /** Blocking twice is not an error. @throws Oneself, UserNotFound, TooManyBlocks */
    async block(username: string, subject: string): Promise<void> {
      const { username: other } = await registered(store, subject)
      if (other === username) throw new errors.Oneself()
      await inTurn(username, async () => {
        const blocked = await blocks(username)
        const isNew = !blocked.some(block => block.username === other)
        if (isNew && blocked.length >= limits.BLOCKS_MAX) throw new errors.TooManyBlocks()
        await change(username, other, true)
      })
    },

    /** Unblocking a user who is not blocked is not an error. @throws UserNotFound */
    async unblock(username: string, subject: string): Promise<void> {
      const { username: other } = await registered(store, subject)
      const isBlocked = (await blocks(username)).some(block => block.username === other)
      if (isBlocked) await inTurn(username, () => change(username, other, false))
    },
  }
}
