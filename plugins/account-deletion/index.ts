import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { DELETED_PROFILE, publicPart, type StoredUser } from '../../schemas/user.js'
import { DEFAULT_ROOM_ID } from '../../schemas/wire.js'
import type { RoomLog } from '../room-log/index.js'
import type { Store } from '../store/index.js'
import { startSweeps } from '../sweeps.js'
import { eraseMessages } from './erase.js'
import { leaveRoom } from './leave.js'

declare module 'fastify' {
  interface FastifyInstance {
    accountDeletion: AccountDeletion
  }
}

export type AccountDeletion = ReturnType<typeof createAccountDeletion>

/** Interval at which every server looks for deletions that are not done. */
const SWEEP_MS = 10_000
/** Deletions that one sweep takes up. */
const SWEEP_MAX = 100
/**
 * For so long after its mark, a request of the account that was accepted before may still be under way, and add it to a
 * room or store a profile. The steps are done again after it, and are done then.
 */
const SETTLED_MS = 60_000
const PAGE = 500

/**
 * Carries out what the mark of a deleted account has begun: erases its profile and sessions, ends its memberships, and
 * deletes its messages if the user chose so. Every step can be repeated. A server begins at once with the accounts that
 * are deleted through it, and every server takes up what another one has left.
 */
export function createAccountDeletion(store: Store, roomLog: RoomLog, log: FastifyBaseLogger) {
  const holder = randomUUID()
  /** Deletions whose steps this server has done once, by username: they rest until SETTLED_MS are over. */
  const stepped = new Set<string>()

  async function* roomsOf(username: string) {
    yield DEFAULT_ROOM_ID
    for (let after = ''; ; ) {
      const page = await store.listMemberships(username, { after, limit: PAGE })
      for (const { room_id } of page) if (room_id !== DEFAULT_ROOM_ID) yield room_id
      if (page.length < PAGE) return
      after = page.at(-1)?.room_id as string
    }
  }

  async function eraseSessions(username: string) {
    for (;;) {
      const page = await store.listSessions(username, { limit: PAGE })
      for (const { id } of page) await store.deleteSession(id)
      if (page.length < PAGE) return
    }
  }

  /** @param lease whether this server may go on */
  async function takeSteps(user: StoredUser, lease: () => Promise<boolean>) {
    const { username, deletion } = user
    await store.changeUser(username, DELETED_PROFILE)
    await eraseSessions(username)
    const { display_name, avatar_color, status, is_deleted } = publicPart(user)
    for await (const room_id of roomsOf(username)) {
      if (!(await lease())) return
      await leaveRoom(store, roomLog, room_id, username)
      roomLog.broadcast(room_id, { type: 'profile', username, display_name, avatar_color, status, is_deleted })
    }
    // After all memberships have ended, so that no message can follow.
    if (deletion === 'delete') {
      for await (const room_id of roomsOf(username)) await eraseMessages(store, roomLog, room_id, username, lease)
    }
  }

  async function carryOn(user: StoredUser, now: number, isClosed: () => boolean) {
    const { username, deleted_at } = user
    const isSettled = now - Date.parse(deleted_at ?? '') > SETTLED_MS
    if (stepped.has(username) && !isSettled) return
    const key = `deletion of ${username.toLowerCase()}`
    const lease = async () => !isClosed() && (await store.takeLease(key, holder))
    if (!(await lease())) return
    try {
      await takeSteps(user, lease)
      if (!(await lease())) return
      if (isSettled) {
        await store.changeAccount(username, { deletion_done: true })
        stepped.delete(username)
      } else stepped.add(username)
    } finally {
      await store.releaseLease(key, holder)
    }
  }

  const failed = (error: unknown) =>
    log.warn({ err: error }, 'Failed to carry out the deletion of an account; retrying')

  /** Carries out every deletion that is not done. One that fails does not hold up the others. */
  async function sweep(now: number, isClosed: () => boolean) {
    const found = await store.listDeletions(SWEEP_MAX)
    // Another server may have done the others.
    const open = new Set(found.map(({ username }) => username))
    for (const username of stepped) if (!open.has(username)) stepped.delete(username)
    for (const user of found) {
      await carryOn(user, now, isClosed).catch(error => {
        if (!isClosed()) failed(error)
      })
    }
  }

  return startSweeps({ every_ms: SWEEP_MS, work: sweep, failed })
}

async function accountDeletion(fastify: FastifyInstance) {
  const capability = createAccountDeletion(fastify.store, fastify.roomLog, fastify.log)
  fastify.decorate('accountDeletion', capability)
  fastify.addHook('onReady', async () => void capability.sweep())
  fastify.addHook('onClose', () => capability.close())
}

export default fp(accountDeletion, { name: 'account-deletion', dependencies: ['store', 'room-log'] })
