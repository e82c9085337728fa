import { DEFAULT_ROOM_ID } from '../../schemas/wire.js'
import { uuidv7 } from '../../static/client/index.js'
import { type Actor, newText } from './choices.js'
import { aGuest, guestOf } from './guests.js'
import type { Args } from './history.js'
import type { Operation } from './operation.js'
import { ADMINISTRATOR, AUDIT, type Rights } from './room.js'
import type { Guest } from './world.js'

const isAdministrator = ({ username }: Actor) => username === ADMINISTRATOR

/** What the administrator does to the rights of a guest. */
const rights = (
  weight: number,
  right: keyof Rights,
  value: boolean,
  ask: (client: Actor, username: string) => Promise<unknown>,
): Operation => ({
  weight,
  choose(client) {
    const guest = isAdministrator(client) && aGuest(client, guest => guest[right] !== value)
    return guest ? { room_id: AUDIT, member: guest.username } : null
  },
  async ask(client, args) {
    const { token, session } = guestOf(client, args)
    await ask(client, args.member as string)
    if (right === 'blocked' && value) client.end(token, session)
    return {}
  },
  learn(client, args) {
    const guest = guestOf(client, args)
    guest[right] = value
    if (guest.blocked) guest.token = ''
  },
  holds: (room, seq, _, { member = '' }) => room.rightsOf(member).at(seq)[right] === value,
})

/** A room that a guest has made. */
const roomOf = (client: Actor, has: (guest: Guest) => boolean): Args | null => {
  const isThere = (id: string) => client.world.room(id)?.deleted === false
  const guest = isAdministrator(client) && aGuest(client, guest => has(guest) && isThere(guest.room_id))
  return guest ? { room_id: guest.room_id, member: guest.username } : null
}

/** What administrators of the server do. The first user is one, guests are appointed. */
export const administration = {
  'block a user': rights(6, 'blocked', true, (client, username) => client.admin().block(username)),
  'take a room over': {
    weight: 6,
    choose: client => roomOf(client, ({ blocked }) => blocked),
    async ask(client, { room_id }) {
      await client.admin().takeOver(room_id)
      return {}
    },
    learn({ world }, { room_id }) {
      world.entered(room_id, ADMINISTRATOR)
      const room = world.room(room_id)
      if (room) room.owner = ADMINISTRATOR
    },
    holds: (room, seq) => room.owner.at(seq) === ADMINISTRATOR,
  },
  'unblock a user': rights(12, 'blocked', false, (client, username) => client.admin().unblock(username)),
  'appoint an administrator': rights(8, 'is_admin', true, (client, username) => client.admin().appoint(username)),
  'administer as a guest': {
    weight: 6,
    choose(client) {
      const guest = aGuest(client, ({ blocked, token }) => !blocked && token !== '')
      const other = aGuest(client, ({ username }) => username !== guest?.username)
      if (!guest || !other) return null
      const { username: as, session } = guest
      return { room_id: AUDIT, as, session, member: other.username }
    },
    async ask(client, { as, member = '' }) {
      const { token } = guestOf(client, { room_id: AUDIT, ...(as && { as }) })
      await client.admin(token).unblock(member)
      return {}
    },
    holds: (room, seq, username) => room.rightsOf(username).at(seq).is_admin,
  },
  'dismiss an administrator': rights(8, 'is_admin', false, (client, username) => client.admin().dismiss(username)),
  announce: {
    weight: 6,
    choose: client =>
      isAdministrator(client) ? { room_id: DEFAULT_ROOM_ID, text: newText(client), client_id: uuidv7() } : null,
    ask: async (client, { text = '', client_id = '' }) => ({
      seq: (await client.admin().announce({ text, client_id })).id,
    }),
  },
  'delete a room as administrator': {
    weight: 2,
    choose: client => roomOf(client, () => true),
    async ask(client, { room_id }) {
      await client.admin().deleteRoom(room_id)
      return {}
    },
    learn({ world }, { room_id }) {
      const room = world.room(room_id)
      if (room) room.deleted = true
    },
    holds: (room, seq) => room.deleted.at(seq),
  },
} satisfies Record<string, Operation>
