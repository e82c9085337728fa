import { randomUUID } from 'node:crypto'
import { errors } from '../../schemas/error.js'
import type { StoredEvent } from '../../schemas/event.js'
import type { MemberList } from '../../schemas/member.js'
import type { BanPage, Restricting, Role } from '../../schemas/moderation.js'
import type { MemberRow } from '../../schemas/room.js'
import { limits } from '../../schemas/wire.js'
import type { RoomLog, RoomView } from '../room-log/index.js'
import type { Store } from '../store/index.js'
import {
  asAdmin,
  assertMayModerate,
  assertMember,
  assertModerator,
  assertOwner,
  isDefault,
  type Person,
  personOf,
  registered,
} from './access.js'

/** The time at which a restriction ends, in the form that is stored. @throws BadRequest if it is over or does not exist */
function untilOf({ until }: Restricting): string | undefined {
  if (until === undefined) return undefined
  const at = Date.parse(until)
  if (!(at > Date.now())) throw new errors.BadRequest('body.until must be a time that is not over')
  return new Date(at).toISOString()
}

const restrictionOf = (body: Restricting) => {
  const until = untilOf(body)
  return { ...(until !== undefined && { until }), ...(body.reason && { reason: body.reason }) }
}

const isSelf = (person: Person, about: Person) => person.username === about.username

/** Roles, bans and mutes. Each is an event, decided on the state just before it, so it holds from its seq on. */
export function createModeration(store: Store, roomLog: RoomLog) {
  /**
   * Appends an event about `subject`; does nothing if `decide` returns null. Permission is checked before the user is
   * looked up, so that nobody learns from the room which users exist.
   */
  async function act(
    type: StoredEvent['type'],
    room_id: string,
    username: string,
    subject: string,
    assertAllowed: (view: RoomView, person: Person) => unknown,
    decide: (view: RoomView, person: Person, about: Person) => StoredEvent['data'] | null,
  ) {
    const person = await personOf(store, username)
    assertAllowed(await roomLog.view(room_id, [username]), person)
    const about = await registered(store, subject)
    const member = about.username
    await roomLog.append(room_id, {
      type,
      username,
      subject: member,
      client_id: randomUUID(),
      prepare: person.prepare,
      decide(view) {
        assertAllowed(view, person)
        const decided = decide(view, person, about)
        if (decided === null) return null
        const data = { ...decided, ...(!isSelf(person, about) && asAdmin(view, person)) }
        return { member, ...(Object.keys(data).length > 0 && { data }) }
      },
    })
  }

  return {
    /**
     * Appoints a moderator or dismisses one. Only the owner can, but moderators can step down.
     * @throws RoomNotFound, NotOwner, UserNotFound, MemberNotFound; OwnerCannotLeave for the owner's own role
     */
    async setRole(room_id: string, username: string, subject: string, role: Role): Promise<void> {
      const stepsDown = role === 'member' && subject.toLowerCase() === username.toLowerCase()
      const assertAllowed = (view: RoomView, person: Person) =>
        stepsDown ? assertMember(view, room_id, username) : assertOwner(view, room_id, person)
      await act('role_changed', room_id, username, subject, assertAllowed, (view, _, { username: member }) => {
        if (!view.isMember(member)) throw new errors.MemberNotFound(member)
        if (view.room?.owner === member) throw new errors.OwnerCannotLeave()
        return (view.rowOf(member)?.role ?? 'member') === role ? null : { role }
      })
    },

    /**
     * Keeps a user out of the room, member or not; a ban that holds is replaced.
     * @throws RoomNotFound, NotModerator, DefaultRoom, UserNotFound, BadRequest
     */
    async ban(room_id: string, username: string, subject: string, body: Restricting): Promise<void> {
      const restriction = restrictionOf(body)
      const assertAllowed = (view: RoomView, person: Person) => {
        if (isDefault(assertModerator(view, room_id, person))) throw new errors.DefaultRoom()
      }
      await act('banned', room_id, username, subject, assertAllowed, (view, person, about) => {
        assertMayModerate(view, room_id, person, about)
        return { ...restriction, was_member: view.isMember(about.username) }
      })
    },

    /** Lifting no ban is not an error. @throws RoomNotFound, NotModerator, UserNotFound */
    async unban(room_id: string, username: string, subject: string): Promise<void> {
      const assertAllowed = (view: RoomView, person: Person) => assertModerator(view, room_id, person)
      await act('unbanned', room_id, username, subject, assertAllowed, (view, person, about) => {
        if (view.rowOf(about.username)?.banned === undefined) return null
        assertMayModerate(view, room_id, person, about)
        return {}
      })
    },

    /** Mutes a user, also a former member who may come back. @throws RoomNotFound, NotModerator, UserNotFound, BadRequest */
    async mute(room_id: string, username: string, subject: string, body: Restricting): Promise<void> {
      const restriction = restrictionOf(body)
      const assertAllowed = (view: RoomView, person: Person) => assertModerator(view, room_id, person)
      await act('muted', room_id, username, subject, assertAllowed, (view, person, about) => {
        assertMayModerate(view, room_id, person, about)
        return restriction
      })
    },

    /** @throws RoomNotFound, NotModerator, UserNotFound */
    async unmute(room_id: string, username: string, subject: string): Promise<void> {
      const assertAllowed = (view: RoomView, person: Person) => assertModerator(view, room_id, person)
      await act('unmuted', room_id, username, subject, assertAllowed, (view, person, about) => {
        if (view.rowOf(about.username)?.muted === undefined) return null
        assertMayModerate(view, room_id, person, about)
        return {}
      })
    },

    /** The bans that hold, by username. @throws RoomNotFound, NotModerator */
    async bans(
      room_id: string,
      username: string,
      { limit = limits.PAGE_DEFAULT, after }: MemberList,
    ): Promise<BanPage> {
      const view = await roomLog.view(room_id, [username])
      assertModerator(view, room_id, await personOf(store, username))
      const found = await store.listBanned(room_id, { limit: limit + 1, ...(after !== undefined && { after }) })
      const listed = found.slice(0, limit).filter(({ banned }: MemberRow) => view.holds(banned))
      const bans = listed.map(row => ({ username: row.username, ...(row.banned as NonNullable<MemberRow['banned']>) }))
      const last = found.at(limit - 1)
      return { bans, ...(found.length > limit && last && { next: last.username }) }
    },
  }
}
