import { randomUUID } from 'node:crypto'
import { errors } from '../../schemas/error.js'
import type { Room } from '../../schemas/room.js'
import type { Store } from '../store/index.js'
import {
  asAdmin,
  assertMayModerate,
  assertMember,
  assertModerator,
  assertOwner,
  assertVisible,
  isDefault,
  personOf,
  registered,
} from './access.js'
import { type Admit, assertNotBanned } from './admit.js'
import type { Direct } from './direct.js'
import type { List } from './list.js'
import type { Paid } from './paid.js'

/** How users become members of a room, and how their membership ends. */
export function createMembership(
  store: Store,
  { roomLog, verifyPassword }: Pick<Paid, 'roomLog' | 'verifyPassword'>,
  { admit, get, hide, blocksBetween }: { admit: Admit } & Pick<List, 'get'> & Pick<Direct, 'hide' | 'blocksBetween'>,
) {
  return {
    /**
     * Joining twice is not an error. The correct password opens a private room, too.
     * @throws RoomNotFound; RoomPasswordWrong if the room is public; Banned, RoomFull, LoginQueueFull
     */
    async join(room_id: string, username: string, password: string | undefined): Promise<Room> {
      const { room } = await roomLog.view(room_id, [username])
      // Always one comparison, so that the response time does not reveal whether a private room exists.
      const password_hash = room && !room.deleted ? room.password_hash : null
      const opened = password !== undefined && (await verifyPassword(username, password, password_hash))
      await admit(room_id, username, username, view => {
        const { room } = view
        if (!room || room.deleted) throw new errors.RoomNotFound(room_id)
        if (view.isMember(username) || opened) return { room }
        if (!room.is_public) throw new errors.RoomNotFound(room_id)
        assertNotBanned(view, username)
        if (room.password_hash !== null) throw new errors.RoomPasswordWrong(room_id)
        return { room }
      })
      return get(room_id, username)
    },

    /**
     * Ends the membership. Nobody's membership of a direct conversation ends: it is hidden until something is said in it.
     * @param refuse_adding whether nobody can add the user again, until the user joins
     * @throws RoomNotFound, NotMember, DefaultRoom, OwnerCannotLeave
     */
    async leave(room_id: string, username: string, refuse_adding = false): Promise<void> {
      let hidden_at: number | undefined
      await roomLog.append(room_id, {
        type: 'left',
        username,
        client_id: randomUUID(),
        decide(view) {
          const room = assertMember(view, room_id, username)
          if (room.direct) {
            hidden_at = view.seq
            return null
          }
          if (isDefault(room)) throw new errors.DefaultRoom()
          if (room.owner === username) throw new errors.OwnerCannotLeave()
          return { member: username, ...(refuse_adding && { data: { refuses_adding: true } }) }
        },
      })
      if (hidden_at !== undefined) await hide(room_id, username, hidden_at)
    },

    /**
     * Adds a user, even to a private room.
     * @throws RoomNotFound, NotOwner, UserNotFound, Banned, RoomFull, AddingRefused; Blocked, if `subject` blocks `username`
     */
    async addMember(room_id: string, username: string, subject: string): Promise<Room> {
      const person = await personOf(store, username)
      assertOwner(await roomLog.view(room_id, [username]), room_id, person)
      const { username: member } = await registered(store, subject)
      if ((await blocksBetween(username, member)).includes(member)) throw new errors.Blocked(member)
      await admit(room_id, username, member, view => {
        const room = assertOwner(view, room_id, person)
        if (view.rowOf(member)?.refuses_adding) throw new errors.AddingRefused(member)
        return { room }
      })
      return get(room_id, username)
    },

    /**
     * @throws RoomNotFound, NotModerator, UserNotFound, MemberNotFound, DefaultRoom; OwnerCannotLeave if `subject` is the
     * owner
     */
    async removeMember(room_id: string, username: string, subject: string): Promise<void> {
      const view = await roomLog.view(room_id, [username])
      if (isDefault(assertVisible(view, room_id, username))) throw new errors.DefaultRoom()
      const person = await personOf(store, username)
      assertModerator(view, room_id, person)
      const about = await registered(store, subject)
      const member = about.username
      await roomLog.append(room_id, {
        type: 'removed',
        username,
        subject: member,
        client_id: randomUUID(),
        prepare: person.prepare,
        decide(view) {
          const { owner } = assertModerator(view, room_id, person)
          if (member === owner) throw new errors.OwnerCannotLeave()
          if (!view.isMember(member)) throw new errors.MemberNotFound(member)
          assertMayModerate(view, room_id, person, about)
          const data = asAdmin(view, person)
          return { member, ...(data.as_admin && { data }) }
        },
      })
    },
  }
}
