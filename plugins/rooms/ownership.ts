import { randomBytes, randomUUID } from 'node:crypto'
import { errors } from '../../schemas/error.js'
import type { Room, RoomChange, RoomCreation, RoomRecord, RoomSettings } from '../../schemas/room.js'
import { DEFAULT_ROOM_ID } from '../../schemas/wire.js'
import { Conflict, type Store } from '../store/index.js'
import { assertOwner, assertVisible, isDefault, registeredName } from './access.js'
import type { List } from './list.js'
import type { Marks } from './marks.js'
import type { Paid } from './paid.js'

/** Creating a room, handing it over, deleting it. */
export function createOwnership(
  store: Store,
  { pay, roomLog, hashPassword }: Paid,
  marks: Pick<Marks, 'admit'>,
  get: List['get'],
) {
  /** @param owner empty for the default room @throws Conflict */
  async function insert(id: string, owner: string, data: RoomSettings & Pick<RoomRecord, 'password_hash'>) {
    const created_at = new Date().toISOString()
    const member_count = owner === '' ? 0 : 1
    await store.createRoom(
      { id, ...data, indexed_seq: 1, owner, member_count, created_at, deleted: false, slow_mode_s: 0 },
      { room_id: id, seq: 1, type: 'created', username: owner, client_id: randomUUID(), created_at, data },
    )
  }

  return {
    /** @throws RoomNameTaken, PasswordTooLong, LoginQueueFull */
    async create(username: string, creation: RoomCreation): Promise<Room> {
      const { name, description = '', is_public = true, password, max_members = 0 } = creation
      const settings = { name, description, is_public, max_members }
      const password_hash = password === undefined ? null : await hashPassword(username, password)
      // Hexadecimal, so that no id starts with a dash, which a command line would take for an option.
      const id = randomBytes(9).toString('hex')
      await pay(username, 'append')
      try {
        await insert(id, username, { ...settings, password_hash })
      } catch (error) {
        throw error instanceof Conflict ? new errors.RoomNameTaken(name) : error
      }
      await marks.admit(username, id, 1)
      return get(id, username)
    },

    /** Creates the default room if it does not exist yet: once, even if many servers start at the same time. */
    async ensureDefault() {
      if (await store.readRoom(DEFAULT_ROOM_ID)) return
      const settings = { name: 'Lobby', description: '', is_public: true, max_members: 0, password_hash: null }
      try {
        await insert(DEFAULT_ROOM_ID, '', settings)
      } catch (error) {
        if (!(error instanceof Conflict)) throw error
      }
    },

    /** Hands the room over to another member. @throws RoomNotFound, NotOwner, UserNotFound, MemberNotFound */
    async handOver(room_id: string, username: string, subject: string): Promise<Room> {
      assertOwner(await roomLog.view(room_id, [username]), room_id, username)
      const member = await registeredName(store, subject)
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

    /**
     * Changes settings; what is as asked already is left alone.
     * @throws RoomNotFound, NotOwner, RoomNameTaken, PasswordTooLong, LoginQueueFull
     */
    async change(room_id: string, username: string, { password, ...settings }: RoomChange): Promise<Room> {
      assertOwner(await roomLog.view(room_id, [username]), room_id, username)
      const password_hash = typeof password === 'string' ? await hashPassword(username, password) : password
      await roomLog.append(room_id, {
        type: 'room_changed',
        username,
        client_id: randomUUID(),
        decide(view) {
          const room = assertOwner(view, room_id, username)
          const asked = Object.entries(settings) as [keyof typeof settings, string | number | boolean | undefined][]
          const data = Object.fromEntries(asked.filter(([name, value]) => value !== undefined && room[name] !== value))
          if (password_hash !== undefined && (password_hash !== null || room.password_hash !== null)) {
            Object.assign(data, { password_hash, has_password: password_hash !== null })
          }
          return Object.keys(data).length === 0 ? null : { data }
        },
      })
      return get(room_id, username)
    },

    /** @throws RoomNotFound, NotOwner, DefaultRoom */
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
  }
}
