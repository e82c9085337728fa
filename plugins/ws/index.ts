import websocket from '@fastify/websocket'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { WebSocket } from 'ws'
import type { Config } from '../../schemas/config.js'
import type { ServerFrame } from '../../schemas/frame.js'
import { limits, SUBPROTOCOL } from '../../schemas/wire.js'
import type { Auth } from '../auth/index.js'
import type { Messages } from '../messages.js'
import type { Presence } from '../presence/index.js'
import type { Limits } from '../rate-limit/index.js'
import type { RoomLog } from '../room-log/index.js'
import type { Rooms } from '../rooms/index.js'
import type { Store } from '../store/index.js'
import { Session } from './client.js'
import { Hub } from './hub.js'
import { type Poll, startPoll } from './poll.js'
import { createAcross } from './user-bus.js'

declare module 'fastify' {
  interface FastifyInstance {
    ws: {
      hub: Hub
      /** How often the tails of rooms were looked up, and how many the bus had not brought. */
      poll: Poll['figures']
      /** Takes a socket that came through the upgrade of `request`, with a token that is not looked at yet. */
      accept(
        ws: WebSocket,
        request: FastifyRequest,
        token: string,
        only: { room_id: string; after?: number | undefined; epoch?: string | undefined } | null,
      ): void
      /** Sends a frame to all sockets of a user, on every server, but to one of them. */
      toUser: House['toUser']
    }
  }
}

/** What a socket's session may call. */
export interface House {
  auth: Auth
  config: Config
  hub: Hub
  limits: Limits
  log: FastifyBaseLogger
  messages: Messages
  presence: Presence
  roomLog: RoomLog
  rooms: Rooms
  store: Store
  toUser(username: string, frame: ServerFrame, but?: Session): void
}

async function ws(fastify: FastifyInstance) {
  const { auth, config, messages, presence, pubsub, roomLog, rooms, store } = fastify
  const across = createAcross(pubsub, store.epoch)
  const hub: Hub = new Hub(
    store,
    roomLog,
    {
      per_user: config.MAX_SOCKETS_PER_USER,
      per_address: config.MAX_SOCKETS_PER_ADDRESS,
      heartbeat_ms: config.HEARTBEAT_MS,
    },
    {
      hold: auth.untilCurrent,
      followUser: username => across.followUser(username, name => hub.sessionsOf(name)),
    },
  )
  const toUser: House['toUser'] = (username, frame, but) => across.toUser(hub, username, frame, but)
  const poll = startPoll(hub, roomLog, pubsub, store)
  fastify.addHook('onClose', () => poll.close())
  const house: House = {
    ...{ auth, config, messages, presence, roomLog, rooms, store },
    ...{ hub, toUser, limits: fastify.limits, log: fastify.log },
  }

  fastify.decorate('ws', {
    hub,
    poll: poll.figures,
    toUser,
    accept(ws, request, token, only) {
      const session = new Session(ws, request.raw.socket, fastify.limits.addressOf(request), house, only)
      void session.start(token)
    },
  })
  fastify.users.onChanged(({ username, display_name, avatar_color, status }) => {
    across.tellProfile({ type: 'profile', username, display_name, avatar_color, status })
  })
  rooms.onAdmitted((username, room_id) => toUser(username, { type: 'admitted', room_id }))
  await across.onProfile(frame => {
    for (const room_id of presence.roomsOf(frame.username)) hub.pass(room_id, frame)
  })
  presence.onTold((room_id, frame) => hub.pass(room_id, frame))
  auth.onEnded((session_id, username) => {
    for (const session of hub.sessionsOf(username)) {
      if (session.identity?.session_id === session_id) session.close('unauthorized')
    }
  })

  await fastify.register(websocket, {
    options: {
      maxPayload: limits.FRAME_BYTES_MAX,
      // With it on, frames written to the connection itself would overtake those of `send`.
      perMessageDeflate: false,
      handleProtocols: protocols => (protocols.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    },
    preClose: done => {
      hub.drain(config.DRAIN_MS).then(() => {
        fastify.websocketServer.close()
        done()
      }, done)
    },
  })
}

export default fp(ws, {
  name: 'ws',
  dependencies: [
    'config',
    'store',
    'pubsub',
    'auth',
    'rooms',
    'messages',
    'presence',
    'room-log',
    'rate-limit',
    'users',
    'lifecycle',
  ],
})
