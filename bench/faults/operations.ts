import { DEFAULT_ROOM_ID, limits } from '../../schemas/wire.js'
import {
  type Actor,
  anyRoom,
  asOwner,
  COMMON,
  learnMessage,
  message,
  other,
  outsideOf,
  own,
  TOKEN_DIGITS,
  withText,
} from './choices.js'
import type { Answer, Args } from './history.js'
import { moderation } from './moderation.js'
import type { Room } from './room.js'

/** One thing that clients do. */
interface Operation {
  /** How often, compared with the others. */
  weight: number
  /** Chooses what to ask for, by the client's random source; null if there is nothing. */
  choose(client: Actor): Args | null
  ask(client: Actor, args: Args): Promise<Answer>
  /** What the client and the others know after it succeeded. */
  learn?(client: Actor, args: Args, answer: Answer): unknown
  /** What holds at some moment between request and answer if it succeeded, unless its answer names its event's seq. */
  holds?(room: Room, seq: number, username: string, args: Args): boolean
}

/** Every operation. A new one is a row here, a new event type also a row in `rules.ts`. */
export const operations = {
  ...moderation,
  send: {
    weight: 30,
    choose: message,
    ask: async ({ http }, { room_id, text = '', client_id = '' }) => ({
      seq: (await http.send(room_id, { text, client_id })).id,
    }),
    learn: learnMessage,
  },
  'send by socket': {
    weight: 30,
    choose: message,
    ask: async ({ connection }, { room_id, text = '', client_id = '' }) =>
      connection.send(room_id, text, { client_id }).ack,
    learn: learnMessage,
  },
  reply: {
    weight: 10,
    choose(client) {
      const args = message(client)
      const id = args && client.random.pick(client.world.room(args.room_id)?.sent ?? [])?.id
      return args && id ? { ...args, id } : null
    },
    ask: async ({ http }, { room_id, id = 0, text = '', client_id = '' }) => ({
      seq: (await http.reply(room_id, id, { text, client_id })).id,
    }),
    learn: learnMessage,
  },
  edit: {
    weight: 12,
    choose: withText,
    async ask({ http }, { room_id, id = 0, text = '', client_id = '' }) {
      await http.edit(room_id, id, { text, client_id })
      return {}
    },
  },
  'edit by socket': {
    weight: 6,
    choose: withText,
    ask: async ({ connection }, { room_id, id = 0, text = '', client_id }) =>
      connection.edit(room_id, id, text, client_id).ack,
  },
  delete: {
    weight: 6,
    choose: own,
    async ask({ http }, { room_id, id = 0, client_id }) {
      await http.delete(room_id, id, client_id)
      return {}
    },
  },
  read: {
    weight: 10,
    choose(client) {
      const args = anyRoom(client)
      const seq = args && client.random.pick(client.world.room(args.room_id)?.sent ?? [])?.id
      return args && seq ? { ...args, seq } : null
    },
    ask: async ({ http }, { room_id, seq = 0 }) => http.markRead(room_id, seq),
  },
  history: {
    weight: 10,
    choose: anyRoom,
    async ask({ http }, { room_id }) {
      const { seq, messages } = await http.messages(room_id, { limit: 20 })
      return { seq, messages: messages.map(({ id, text }) => ({ id, text })) }
    },
  },
  search: {
    weight: 8,
    choose(client) {
      const args = anyRoom(client)
      const { random, world } = client
      if (!args) return null
      const token = 1 + random.int(Math.max(1, world.tokens))
      return {
        ...args,
        text: random.int(4) === 0 ? (random.pick(COMMON) as string) : `tok${String(token).padStart(TOKEN_DIGITS, '0')}`,
      }
    },
    async ask({ http }, { room_id, text = '' }) {
      const { messages, next_before } = await http.search(room_id, { q: text, limit: limits.PAGE_MAX })
      // A search that goes on says nothing about what is missing.
      return next_before === undefined ? { messages: messages.map(({ id, text }) => ({ id, text })) } : {}
    },
  },
  join: {
    weight: 5,
    choose({ world, random, username }) {
      const room = random.pick(outsideOf(world, username))
      return room ? { room_id: room.room_id } : null
    },
    async ask({ http }, { room_id }) {
      await http.join(room_id)
      return {}
    },
    learn: ({ world, username }, { room_id }) => world.entered(room_id, username),
    holds: (room, seq, username) => room.isMember(username, seq),
  },
  leave: {
    weight: 2,
    choose(client) {
      const args = anyRoom(client)
      const { owner, direct } = client.world.room(args?.room_id ?? '') ?? {}
      return args && args.room_id !== DEFAULT_ROOM_ID && !direct && owner !== client.username ? args : null
    },
    async ask({ http }, { room_id }) {
      await http.leave(room_id)
      return {}
    },
    learn: ({ world, username }, { room_id }) => world.room(room_id)?.members.delete(username),
    holds: (room, seq, username) => !room.isMember(username, seq),
  },
  add: {
    weight: 4,
    choose: client => asOwner(client, false),
    async ask({ http }, { room_id, member = '' }) {
      await http.addMember(room_id, member)
      return {}
    },
    learn: ({ world }, { room_id, member = '' }) => world.entered(room_id, member),
    holds: (room, seq, _, { member = '' }) => room.isMember(member, seq),
  },
  remove: {
    weight: 4,
    choose: client => asOwner(client, true),
    async ask({ http }, { room_id, member = '' }) {
      await http.removeMember(room_id, member)
      return {}
    },
    learn: ({ world }, { room_id, member = '' }) => world.room(room_id)?.members.delete(member),
    holds: (room, seq, _, { member = '' }) => !room.isMember(member, seq),
  },
  invite: {
    weight: 3,
    choose({ world, random, username }) {
      const room = random.pick(world.rooms.filter(room => room.owner === username && !room.deleted))
      return room ? { room_id: room.room_id } : null
    },
    async ask({ http, random, world }, args) {
      const made = await http.createInvite(args.room_id, { max_uses: 1 + random.int(3) })
      world.room(args.room_id)?.invites.push(made)
      args.id = made.id
      return {}
    },
    holds: (room, seq, _, { id = 0 }) => room.usesLeft(id).at(seq) > 0,
  },
  'join by invitation': {
    weight: 8,
    choose({ world, random, username }) {
      const room = random.pick(outsideOf(world, username))
      const invite = random.pick(room?.invites ?? [])
      return room && invite ? { room_id: room.room_id, id: invite.id, code: invite.code } : null
    },
    async ask({ http }, { code = '' }) {
      await http.joinByInvite(code)
      return {}
    },
    learn: ({ world, username }, { room_id }) => world.entered(room_id, username),
    holds: (room, seq, username) => room.isMember(username, seq),
  },
  'revoke an invitation': {
    weight: 1,
    choose({ world, random, username }) {
      const room = random.pick(world.rooms.filter(room => room.owner === username && !room.deleted))
      const invite = random.pick(room?.invites ?? [])
      return room && invite ? { room_id: room.room_id, id: invite.id } : null
    },
    async ask({ http }, { room_id, id = 0 }) {
      await http.revokeInvite(room_id, id)
      return {}
    },
    holds: (room, seq, _, { id = 0 }) => room.usesLeft(id).at(seq) === 0,
  },
  'hand over': {
    weight: 2,
    choose: client => asOwner(client, true),
    async ask({ http }, { room_id, member = '' }) {
      await http.handOver(room_id, member)
      return {}
    },
    learn({ world }, { room_id, member = '' }) {
      const room = world.room(room_id)
      if (room) room.owner = member
    },
    holds: (room, seq, _, { member = '' }) => room.owner.at(seq) === member,
  },
  create: {
    weight: 2,
    choose: ({ world }) =>
      world.rooms.filter(({ deleted, direct }) => !deleted && !direct).length <= 4
        ? { room_id: '', text: `Room ${++world.tokens}` }
        : null,
    async ask({ http }, args) {
      const { id } = await http.createRoom({ name: args.text as string })
      args.room_id = id
      return { seq: 1 }
    },
    learn: ({ world, username }, { room_id }) => world.created(room_id, username),
  },
  'delete room': {
    weight: 1,
    choose({ world, random, username }) {
      const alive = world.rooms.filter(({ deleted, direct }) => !deleted && !direct)
      const room = alive.length > 3 ? random.pick(alive.filter(({ owner }) => owner === username)) : undefined
      return room ? { room_id: room.room_id } : null
    },
    async ask({ http }, { room_id }) {
      await http.deleteRoom(room_id)
      return {}
    },
    learn({ world }, { room_id }) {
      const room = world.room(room_id)
      if (room) room.deleted = true
    },
    holds: (room, seq) => room.deleted.at(seq),
  },
  block: {
    weight: 2,
    choose: other,
    async ask({ http }, { member = '' }) {
      await http.block(member)
      return {}
    },
    holds: (room, seq, username) => room.blocking.at(seq).includes(username),
  },
  unblock: {
    weight: 6,
    choose: other,
    async ask({ http }, { member = '' }) {
      await http.unblock(member)
      return {}
    },
    holds: (room, seq, username) => !room.blocking.at(seq).includes(username),
  },
  'hide a conversation': {
    weight: 2,
    choose: other,
    async ask({ http }, { room_id }) {
      await http.leave(room_id)
      return {}
    },
    holds: (room, seq, username) => room.isMember(username, seq),
  },
  resume: {
    weight: 4,
    choose: () => ({ room_id: DEFAULT_ROOM_ID }),
    ask: async client => client.move(),
  },
  'log out': {
    weight: 1,
    choose: () => ({ room_id: DEFAULT_ROOM_ID }),
    ask: client => client.logOut(),
  },
  'use an ended session': {
    weight: 2,
    choose({ random, ended }) {
      const session = random.pick(ended)?.session
      return session === undefined ? null : { room_id: DEFAULT_ROOM_ID, seq: session }
    },
    async ask(client, { room_id, seq: session = 0 }) {
      await client.endedHttp(session).messages(room_id, { limit: 1 })
      return {}
    },
  },
} satisfies Record<string, Operation>

export const operationOf = (name: string) => operations[name as keyof typeof operations] as Operation
