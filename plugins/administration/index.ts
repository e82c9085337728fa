import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { AuditPage, AuditQuery } from '../../schemas/administration.js'
import { errors } from '../../schemas/error.js'
import type { Message } from '../../schemas/message.js'
import type { MessagesOfDeleted } from '../../schemas/user.js'
import { limits, type RegistrationMode } from '../../schemas/wire.js'
import type { Auth, Identity } from '../auth/index.js'
import type { Messages } from '../messages/index.js'
import type { Rooms } from '../rooms/index.js'
import type { Store } from '../store/index.js'
import { createAdministeredAccounts } from './accounts.js'
import { type Actor, assertAdmin, createAudit } from './audit.js'
import { createLists } from './lists.js'

export type { Actor } from './audit.js'
export { readFigures } from './figures.js'
export { LISTED_SCANNED_MAX } from './lists.js'

declare module 'fastify' {
  interface FastifyInstance {
    administration: Administration
  }
  interface FastifyRequest {
    /** The user who acts, and from where, for the audit log. */
    readonly actor: Actor
  }
}

const DAY_MS = 24 * 3_600_000
const TRIM_EVERY_MS = 3_600_000

export type Administration = ReturnType<typeof createAdministration>

interface Parts {
  store: Store
  auth: Auth
  rooms: Rooms
  messages: Messages
}

/**
 * What administrators of the server do. Every act is in the audit log before it happens, and is refused there unless the
 * actor is an administrator at that moment.
 * @param keep_days how long the audit log is kept; 0: for ever
 */
export function createAdministration({ store, auth, rooms, messages }: Parts, keep_days = 0) {
  const audit = createAudit(store)
  const accounts = createAdministeredAccounts(store, audit, auth.accounts)
  const { users, rooms: listRooms } = createLists(store)
  const since = () => (keep_days === 0 ? '' : new Date(Date.now() - keep_days * DAY_MS).toISOString())

  return {
    ...accounts,
    users,
    listRooms,

    /** @throws NotFound unless it is a session of an administrator */
    async assertAdmin(identity: Identity | null): Promise<void> {
      if (identity === null) throw new errors.NotFound()
      assertAdmin((await audit.readAccounts([identity.username]))(identity.username))
    },

    /** The user's sessions. @throws UserNotFound */
    async sessions(identity: Identity, username: string, query: Parameters<Auth['listSessions']>[1]) {
      const user = await store.readUser(username)
      if (!user || user.deletion !== null) throw new errors.UserNotFound(username)
      return auth.listSessions({ ...identity, username: user.username }, query)
    },

    /** @throws NotFound, UserNotFound, SessionNotFound */
    async endSession(actor: Actor, identity: Identity, username: string, id: string): Promise<void> {
      await accounts.enterSessionEnd(actor, username)
      await auth.endSession({ ...identity, username }, id)
    },

    /**
     * By the user. An administrator's account is deleted only while another administrator stays.
     * @throws PasswordWrong, LastAdministrator, LoginQueueFull
     */
    deleteOwn: (actor: Actor, identity: Identity, password: string, of_deleted: MessagesOfDeleted) =>
      auth.deleteOwn(identity, password, of_deleted, () => audit.resign(actor)),

    /** Sets who can register, on all servers, until it is set again. @throws NotFound */
    async setRegistration(actor: Actor, mode: RegistrationMode): Promise<void> {
      await audit.enter(actor, undefined, () => ({ act: `registration_${mode}` }))
      await auth.setRegistration(actor.username, mode)
    },

    /** @throws NotFound, RoomNotFound, DefaultRoom */
    async deleteRoom(actor: Actor, room_id: string): Promise<void> {
      const room = await rooms.administered(room_id)
      await audit.enter(actor, undefined, () => ({ act: 'room_deleted', room }))
      await rooms.removeFor(actor.username, room_id)
    },

    /** Makes the administrator the owner of a room. @throws NotFound, RoomNotFound, DefaultRoom, OwnerPresent */
    async takeOver(actor: Actor, room_id: string): Promise<void> {
      const room = await rooms.administered(room_id)
      if (room.owner === actor.username) return
      await audit.enter(actor, room.owner, of => {
        const owner = of(room.owner)
        if (owner && !owner.blocked && owner.deletion === null) throw new errors.OwnerPresent(room_id)
        return { act: 'room_taken_over', room, member: room.owner }
      })
      await rooms.takeOver(actor.username, room_id, room.owner)
    },

    /** Says something in the default room for the server. @throws NotFound; what `Messages.announce` throws */
    async announce(actor: Actor, body: { client_id: string; text: string }): Promise<Message> {
      // The number of an announcement that is tried again is the same, so it is entered once.
      await audit.enter(actor, undefined, () => ({ act: 'announced', client_id: body.client_id }))
      return messages.announce(actor.username, body)
    },

    async audit({ limit = limits.PAGE_DEFAULT, before }: AuditQuery): Promise<AuditPage> {
      const query = { limit: limit + 1, ...(before !== undefined && { before }) }
      const found = await audit.read(query, since())
      const entries = found.slice(0, limit)
      const named = entries.flatMap(({ username, member = '' }) => [username, member]).filter(name => name !== '')
      const known = await store.readUsers([...new Set(named)])
      const deleted = known.filter(({ deletion }) => deletion !== null).map(({ username }) => username)
      const last = entries.at(-1)
      return { entries, deleted, ...(found.length > limit && last && { next_before: last.seq }) }
    },

    /** Removes what the audit log no longer keeps. */
    trim: () => audit.trim(since()),
  }
}

async function administration(fastify: FastifyInstance) {
  const { config, log } = fastify
  const capability = createAdministration(fastify, config.AUDIT_KEEP_DAYS)
  fastify.decorate('administration', capability)
  fastify.decorateRequest('actor', {
    getter() {
      return { username: this.username, address: this.ip }
    },
  })
  const warn = (error: unknown) => log.warn({ err: error }, 'Failed to keep the audit log; retrying')
  const trim = () => capability.trim().catch(warn)
  const timer = setInterval(trim, TRIM_EVERY_MS)
  timer.unref()
  // An act whose server stopped between its entry and its effect.
  fastify.addHook('onReady', async () => void capability.settleAll().then(trim).catch(warn))
  fastify.addHook('onClose', async () => clearInterval(timer))
}

export default fp(administration, {
  name: 'administration',
  dependencies: ['auth', 'config', 'messages', 'rooms', 'store'],
})
