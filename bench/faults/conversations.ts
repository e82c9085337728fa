import { other } from './choices.js'
import type { Operation } from './operation.js'

/** Direct conversations. */
export const conversations = {
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
} satisfies Record<string, Operation>
