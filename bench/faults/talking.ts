import { limits } from '../../schemas/wire.js'
import { anyRoom, COMMON, learnMessage, message, own, TOKEN_DIGITS, withText } from './choices.js'
import type { Operation } from './operation.js'

/** Messages, marks and what is read. */
export const talking = {
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
} satisfies Record<string, Operation>
