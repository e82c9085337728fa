import { randomBytes, randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { errors } from '../../schemas/error.js'
import type {
  LastMessage,
  Member,
  ReadMark,
  Room,
  RoomCreation,
  RoomList,
  RoomRecord,
  RoomSettings,
} from '../../schemas/room.js'
import { DEFAULT_ROOM_ID, lastText, limits } from '../../schemas/wire.js'
import type { Auth } from '../auth/index.js'
import type { Presence } from '../presence/index.js'
import type { RoomLog, RoomView } from '../room-log/index.js'
import { Conflict, foldMessage, type Store } from '../store/index.js'

declare module 'fastify' {
  interface FastifyInstance {
    rooms: Rooms
  }
}
export type Rooms = ReturnType<typeof createRooms>
type AdmittedListener = (username: string, room_id: string) => void

/** Null where there is no such room, or a private one that `username` is not in. */
function visible(view: RoomView, username: string): RoomRecord | null {
  const { room } = view
  return room && !room.deleted && (room.is_public || view.isMember(username)) ? room : null
}

/** @throws RoomNotFound */
function assertVisible(view: RoomView, room_id: string, username: string): RoomRecord {
  const room = visible(view, username)
  if (!room) throw new errors.RoomNotFound(room_id)
  return room
}

/** @throws RoomNotFound; NotMember where the room is public */
export function assertMember(view: RoomView, room_id: string, username: string): RoomRecord {
  const room = assertVisible(view, room_id, username)
  if (!view.isMember(username)) throw new errors.NotMember(room_id)
  return room
}

/** @throws RoomNotFound; NotOwner */
function assertOwner(view: RoomView, room_id: string, username: string): RoomRecord {
  const room = assertVisible(view, room_id, username)
  if (room.owner !== username) throw new errors.NotOwner(room_id)
  return room
}

function assertNotFull(room: RoomRecord) {
  if (room.max_members > 0 && room.member_count >= room.max_members) throw new errors.RoomFull(room.id)
}

const isDefault = (room: RoomRecord) => room.id === DEFAULT_ROOM_ID

/**
 * Rooms and who is in them. Every change is an event of the room's log, decided on the state just before it. Any method
 * may throw RoomNotFound, for a private room as seen from outside too.
 */
export function createRooms(store: Store, roomLog: RoomLog, auth: Auth, presence: Presence) {
  const listeners = new Set<AdmittedListener>()

  /** As of the view, so that who was removed behind it is told nothing newer. */
  async function lastMessage(room_id: string, seq: number): Promise<LastMessage | undefined> {
    const [target] = await store.readPage(room_id, { before: seq + 1, limit: 1 })
    if (!target) return undefined
    const { id, username, text, deleted_at } = foldMessage(target)
    return { id, username, text: lastText(text), ...(deleted_at !== undefined && { deleted_at }) }
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

  /** @param owner empty for the default room @throws Conflict */
  async function make(id: string, owner: string, data: RoomSettings & Pick<RoomRecord, 'password_hash'>) {
    const created_at = new Date().toISOString()
    const member_count = owner === '' ? 0 : 1
    await store.createRoom(
      { id, ...data, indexed_seq: 1, owner, member_count, created_at, deleted: false },
      { room_id: id, seq: 1, type: 'created', username: owner, client_id: randomUUID(), created_at, data },
    )
  }

  /** The view of a room that `username` may read. @throws NotMember */
  async function viewOf(room_id: string, username: string): Promise<RoomView> {
    const view = await roomLog.view(room_id, [username])
    assertMember(view, room_id, username)
    return view
  }

  /** What `username` may see of a room now. */
  async function get(room_id: string, username: string): Promise<Room> {
    const view = await roomLog.view(room_id, [username])
    return toRoom(view, assertVisible(view, room_id, username), username)
  }

  /** @throws UserNotFound @returns the name as registered */
  async function nameOf(username: string) {
    const user = await store.readUser(username)
    if (!user) throw new errors.UserNotFound(username)
    return user.username
  }

  /** Where a member's own reading begins, and word of it to who listens. */
  async function letIn(username: string, room_id: string, seq: number) {
    await store.moveMark(username, room_id, seq)
    for (const listener of listeners) listener(username, room_id)
  }

  /** Makes `subject` a member, told by an event of `username`; nothing where it is one already. */
  async function admit(
    room_id: string,
    username: string,
    subject: string,
    assertAllowed: (view: RoomView) => RoomRecord,
  ) {
    const appended = await roomLog.append(room_id, {
      type: 'joined',
      username,
      subject,
      client_id: randomUUID(),
      decide(view) {
        const room = assertAllowed(view)
        if (view.isMember(subject)) return null
        assertNotFull(room)
        return { member: subject }
      },
    })
    if (appended) await letIn(subject, room_id, appended.event.seq)
  }

  return {
    get,
    assertMember: viewOf,

    /**
     * Rooms that `username` may see, by name.
     * @returns also the name that the next page goes on after, where there may be one
     */
    async list(username: string, query: RoomList): Promise<{ rooms: Room[]; next?: string }> {
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
        // It may have been deleted or closed to us since it was listed.
        if (room) rooms.push(await toRoom(view, room, username))
        // Counting unread messages of many rooms lets other work go on in between.
        await new Promise(resolve => setImmediate(resolve))
      }
      const last = listed.at(-1)
      return { rooms, ...(records.length > limit && last && { next: last.name }) }
    },

    /** @throws RoomNameTaken */
    async create(username: string, creation: RoomCreation): Promise<Room> {
      const { name, description = '', is_public = true, password, max_members = 0 } = creation
      const settings = { name, description, is_public, max_members }
      const password_hash = password === undefined ? null : await auth.hashPassword(password)
      // Hexadecimal, so that none begins with a dash, which a command line takes for an option.
      const id = randomBytes(9).toString('hex')
      try {
        await make(id, username, { ...settings, password_hash })
      } catch (error) {
        throw error instanceof Conflict ? new errors.RoomNameTaken(name) : error
      }
      await letIn(username, id, 1)
      return get(id, username)
    },

    /** Makes the default room where there is none yet, once, however many servers start together. */
    async ensureDefault() {
      if (await store.readRoom(DEFAULT_ROOM_ID)) return
      const settings = { name: 'Lobby', description: '', is_public: true, max_members: 0, password_hash: null }
      try {
        await make(DEFAULT_ROOM_ID, '', settings)
      } catch (error) {
        if (!(error instanceof Conflict)) throw error
      }
    },

    /** @throws NotOwner, DefaultRoom */
    async remove(room_id: string, username: string): Promise<void> {
      await roomLog.append(room_id, {
        type: 'room_deleted',
        username,
        client_id: randomUUID(),
        decide(view) {
          if (isDefault(assertVisible(view, room_id, username))) throw new errors.DefaultRoom()
          assertOwner(view, room_id, username)
          return {}
        },
      })
    },

    /**
     * Joining twice is no error. The right password opens a private room too.
     * @throws RoomPasswordWrong where the room is public; RoomFull
     */
    async join(room_id: string, username: string, password: string | undefined): Promise<Room> {
      const { room } = await roomLog.view(room_id, [username])
      // One comparison whatever the room is, so that its time does not tell whether a private one exists.
      const password_hash = room && !room.deleted ? room.password_hash : null
      const opened = password !== undefined && (await auth.verifyPassword(password, password_hash))
      await admit(room_id, username, username, view => {
        const { room } = view
        if (!room || room.deleted) throw new errors.RoomNotFound(room_id)
        if (view.isMember(username) || opened) return room
        if (!room.is_public) throw new errors.RoomNotFound(room_id)
        if (room.password_hash !== null) throw new errors.RoomPasswordWrong(room_id)
        return room
      })
      return get(room_id, username)
    },

    /** @throws NotMember, DefaultRoom, OwnerCannotLeave */
    async leave(room_id: string, username: string): Promise<void> {
      await roomLog.append(room_id, {
        type: 'left',
        username,
        client_id: randomUUID(),
        decide(view) {
          const room = assertMember(view, room_id, username)
          if (isDefault(room)) throw new errors.DefaultRoom()
          if (room.owner === username) throw new errors.OwnerCannotLeave()
          return { member: username }
        },
      })
    },

    /** By username. @throws NotMember */
    async members(room_id: string, username: string, query: { after?: string; limit?: number }) {
      const { room } = await viewOf(room_id, username)
      const { limit = limits.PAGE_DEFAULT, after } = query
      const page = { limit: limit + 1, ...(after !== undefined && { after }) }
      const users =
        room_id === DEFAULT_ROOM_ID
          ? await store.listUsers(page)
          : await store.readUsers((await store.listMembers(room_id, page)).map(row => row.username))
      users.sort((a, b) => (a.username.toLowerCase() < b.username.toLowerCase() ? -1 : 1))
      const isOnline = await presence.inRoom(room_id)
      const members: Member[] = users.slice(0, limit).map(user => ({
        username: user.username,
        display_name: user.display_name,
        avatar_color: user.avatar_color,
        role: user.username === room?.owner ? 'owner' : 'member',
        online: isOnline(user.username),
      }))
      return { members, has_more: users.length > limit }
    },

    /** Adds a user, into a private room too. @throws NotOwner, UserNotFound, RoomFull */
    async addMember(room_id: string, username: string, subject: string): Promise<Room> {
      assertOwner(await roomLog.view(room_id, [username]), room_id, username)
      await admit(room_id, username, await nameOf(subject), view => assertOwner(view, room_id, username))
      return get(room_id, username)
    },

    /** @throws NotOwner, MemberNotFound, DefaultRoom; OwnerCannotLeave where `subject` is the owner */
    async removeMember(room_id: string, username: string, subject: string): Promise<void> {
      const view = await roomLog.view(room_id, [username])
      if (isDefault(assertVisible(view, room_id, username))) throw new errors.DefaultRoom()
      assertOwner(view, room_id, username)
      const member = await nameOf(subject)
      await roomLog.append(room_id, {
        type: 'removed',
        username,
        subject: member,
        client_id: randomUUID(),
        decide(view) {
          const { owner } = assertOwner(view, room_id, username)
          if (member === owner) throw new errors.OwnerCannotLeave()
          if (!view.isMember(member)) throw new errors.MemberNotFound(member)
          return { member }
        },
      })
    },

    /** Hands the room over to another member. @throws NotOwner, UserNotFound, MemberNotFound */
    async handOver(room_id: string, username: string, subject: string): Promise<Room> {
      assertOwner(await roomLog.view(room_id, [username]), room_id, username)
      const member = await nameOf(subject)
      await roomLog.append(room_id, {
        type: 'room_changed',
        username,
        subject: member,
        client_id: randomUUID(),
        decide(view) {
          assertOwner(view, room_id, username)
          if (!view.isMember(member)) throw new errors.MemberNotFound(member)
          return member === username ? null : { member }
        },
      })
      return get(room_id, username)
    },

    /** @param listener hears of who is newly a member by an act of this process; must not throw */
    onAdmitted(listener: AdmittedListener) {
      listeners.add(listener)
    },

    /** Moves one's read mark forward, at most to the log's head. @throws NotMember */
    async markRead(room_id: string, username: string, seq: number): Promise<ReadMark> {
      const view = await viewOf(room_id, username)
      return { room_id, seq: await store.moveMark(username, room_id, Math.min(seq, view.seq)) }
    },
  }
}

async function rooms(fastify: FastifyInstance) {
  const capability = createRooms(fastify.store, fastify.roomLog, fastify.auth, fastify.presence)
  await capability.ensureDefault()
  fastify.decorate('rooms', capability)
}

export default fp(rooms, { name: 'rooms', dependencies: ['store', 'room-log', 'auth', 'presence'] })
