import { randomBytes, randomUUID } from 'node:crypto'
import { errors } from '../../schemas/error.js'
import type { Room, RoomChange, RoomCreation, RoomRecord, RoomSettings } from '../../schemas/room.js'
import { DEFAULT_ROOM_ID, KEEPS_ALL } from '../../schemas/wire.js'
import { Conflict, type Store } from '../store/index.js'
import { asAdmin, assertOwner, assertVisible, isDefault, personOf, registered } from './access.js'
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
      { id, ...data, indexed_seq: 1, owner, member_count, created_at, deleted: false, slow_mode_s: 0, ...KEEPS_ALL },
      { room_id: id, seq: 1, type: 'created', username: owner, client_id: randomUUID(), created_at, data },
    )
  }

  /**
   * Changes settings, and hands the room over; what is as asked already is left alone.
   * @throws RoomNotFound, NotOwner, RoomNameTaken, PasswordTooLong, LoginQueueFull; UserNotFound, MemberNotFound of the
   *   new owner; DefaultRoom if the default room would have an owner, a password or a limit, or be private
   */
  async function change(
    room_id: string,
    username: string,
    { password, owner, ...settings }: RoomChange,
  ): Promise<Room> {
    const person = await personOf(store, username)
    const { id } = assertOwner(await roomLog.view(room_id, [username]), room_id, person)
    const { is_public, max_members } = settings
    if (id === DEFAULT_ROOM_ID && [owner, password, is_public, max_members].some(value => value !== undefined)) {
      throw new errors.DefaultRoom()
    }
    const next = owner === undefined ? undefined : (await registered(store, owner)).username
    const password_hash = typeof password === 'string' ? await hashPassword(username, password) : password
    await roomLog.append(room_id, {
      type: 'room_changed',
      username,
      ...(next !== undefined && { subject: next }),
      client_id: randomUUID(),
      prepare: person.prepare,
      decide(view) {
        const room = assertOwner(view, room_id, person)
        if (next !== undefined && !view.isMember(next)) throw new errors.MemberNotFound(next)
        const asked = Object.entries(settings) as [keyof typeof settings, string | number | boolean | undefined][]
        const now = { preview: true, read_counts: true, ...room }
        const data = Object.fromEntries(asked.filter(([name, value]) => value !== undefined && now[name] !== value))
        if (password_hash !== undefined && (password_hash !== null || room.password_hash !== null)) {
          Object.assign(data, { password_hash, has_password: password_hash !== null })
        }
        const isChanged = Object.keys(data).length > 0
        const member = next !== undefined && next !== room.owner ? next : undefined
        if (isChanged) Object.assign(data, asAdmin(view, person))
        return isChanged || member ? { ...(member && { member }), ...(isChanged && { data }) } : null
      },
    })
    return get(room_id, username)
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

    /** Hands the room over to another member. @throws RoomNotFound, NotOwner, UserNotFound, MemberNotFound, DefaultRoom */
    handOver: (room_id: string, username: string, owner: string): Promise<Room> => change(room_id, username, { owner }),
    change,

    /** @throws RoomNotFound, NotOwner, DefaultRoom */
    async remove(room_id: string, username: string): Promise<void> {
      await roomLog.append(room_id, {
        type: 'room_deleted',
        username,
        client_id: randomUUID(),
        decide(view) {
          if (isDefault(assertVisible(view, room_id, username))) throw new errors.DefaultRoom()
          assertOwner(view, room_id, { username, is_admin: false })
          return {}
        },
      })
    },
  }
}
