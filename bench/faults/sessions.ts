import { DEFAULT_ROOM_ID } from '../../schemas/wire.js'
import type { Operation } from './operation.js'

/** Sockets and sessions. */
export const sessions = {
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
      return session === undefined ? null : { room_id: DEFAULT_ROOM_ID, session }
    },
    async ask(client, { room_id, session = 0 }) {
      await client.endedHttp(session).messages(room_id, { limit: 1 })
      return {}
    },
  },
} satisfies Record<string, Operation>
