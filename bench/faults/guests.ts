import { DEFAULT_ROOM_ID, limits } from '../../schemas/wire.js'
import { type ApiError, uuidv7 } from '../../static/client/index.js'
import { type Actor, newText, PASSWORD } from './choices.js'
import type { Args, History } from './history.js'
import type { Operation } from './operation.js'
import type { Guest } from './world.js'

/** Guests whose account is not deleted, at a time. */
const GUESTS_MAX = 4

export const guestOf = ({ world }: Actor, { as, member = as }: Args) =>
  world.guests.find(({ username }) => username === member) as Guest

export const aGuest = ({ world, random }: Actor, has: (guest: Guest) => boolean) =>
  random.pick(world.guests.filter(guest => guest.deleted === null && has(guest)))

/** Begins a session of the guest that the request is made as. */
function begin({ world }: Actor, guest: Guest, token: string) {
  guest.token = token
  guest.session = ++world.sessions
}

const deletion = (weight: number, messages: 'keep' | 'delete'): Operation => ({
  weight,
  choose(client) {
    const guest = aGuest(client, ({ blocked, token, username, room_id, sent }) => {
      const room = client.world.room(room_id)
      const hasOnlyOwn = room?.deleted === true || room?.owner === username
      return hasOnlyOwn && !blocked && token !== '' && (messages === 'keep' || sent.length > 0)
    })
    return guest ? { room_id: guest.room_id, as: guest.username, session: guest.session } : null
  },
  async ask(client, args) {
    const { token, session } = guestOf(client, args)
    await client.as(token).deleteAccount({ password: PASSWORD, messages })
    client.end(token, session)
    return {}
  },
  learn(client, args) {
    guestOf(client, args).deleted = messages
  },
})

/** Accounts that come and go, so that clients can go on with theirs. */
export const guests = {
  'sign up': {
    weight: 3,
    choose: ({ world }) =>
      world.guests.filter(({ deleted }) => deleted === null).length < GUESTS_MAX
        ? { room_id: '', as: `guest-${++world.tokens}`, session: 0 }
        : null,
    async ask(client, args) {
      const { token } = await client.as().register({ username: args.as as string, password: PASSWORD })
      const { id } = await client.as(token).createRoom({ name: `Room of ${args.as}` })
      args.room_id = id
      const guest: Guest = {
        ...{ username: args.as as string, token, session: 0, room_id: id, sent: [] },
        ...{ blocked: false, is_admin: false, deleted: null },
      }
      client.world.guests.push(guest)
      begin(client, guest, token)
      return {}
    },
    learn({ world }, { room_id, as = '' }) {
      world.created(room_id, as)
      const room = world.room(room_id)
      if (room) room.guest = true
    },
    holds: (room, seq, username) => room.owner.at(seq) === username,
  },
  'write as a guest': {
    weight: 8,
    choose(client) {
      const guest = aGuest(client, ({ blocked }) => !blocked)
      if (!guest) return null
      const { username: as, session } = guest
      return { room_id: DEFAULT_ROOM_ID, as, session, text: newText(client), client_id: uuidv7() }
    },
    async ask(client, args) {
      const guest = guestOf(client, args)
      if (guest.token === '') {
        begin(client, guest, (await client.as().login({ username: guest.username, password: PASSWORD })).token)
        args.session = guest.session
      }
      const { room_id, text = '', client_id = '' } = args
      return { seq: (await client.as(guest.token).send(room_id, { text, client_id })).id }
    },
    learn: (client, args, { seq }) => guestOf(client, args).sent.push(seq as number),
  },
  'delete an account': deletion(2, 'delete'),
  'delete an account, keep messages': deletion(1, 'keep'),
} satisfies Record<string, Operation>

const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))

/**
 * Waits until the accounts of guests are deleted as far as it was asked for.
 * @returns what administrators are told of the others
 * @throws ApiError
 */
export async function tellGuests(client: Actor, ms: number): Promise<History['accounts']> {
  const end = performance.now() + ms
  for (const guest of client.world.guests) {
    while (performance.now() < end && !(await isGone(client, guest).catch(() => false))) await pause(100)
  }
  const { users } = await client.admin().users({ q: 'guest-', limit: limits.PAGE_MAX })
  return users.map(({ username, is_admin, blocked }) => ({ username, is_admin, blocked }))
}

async function isGone({ http }: Actor, { username, room_id, deleted, sent }: Guest): Promise<boolean> {
  if (deleted === null) return true
  const { owner } = await http.room(room_id).catch((error: ApiError) => {
    if (error.code === 'ROOM_NOT_FOUND') return { owner: '' }
    throw error
  })
  if (owner === username) return false
  // They are the last that is deleted, oldest first.
  const ids = deleted === 'delete' ? sent.slice(-limits.PAGE_MAX) : []
  if (ids.length === 0) return true
  const { messages } = await http.messages(DEFAULT_ROOM_ID, { ids: ids.join() })
  return messages.every(({ text }) => text === '')
}
