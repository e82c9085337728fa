import websocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { WebSocket } from 'ws'
import { type CloseReason, DEFAULT_ROOM_ID, limits, SUBPROTOCOL } from '../../schemas/wire.js'
import { prices } from '../budgets/index.js'
import { Client, type OneRoom } from './client.js'
import { Hub, type HubClient } from './hub.js'
import { type Poll, startPoll } from './poll.js'
import { stopAfterBrokenFrames } from './receiver.js'
import { startSeen } from './seen.js'
import type { Services } from './services.js'
import { createUserBus } from './user-bus.js'

declare module 'fastify' {
  interface FastifyInstance {
    ws: {
      hub: Hub
      /** Polls of the store for missed events, and the rooms in which one found some. */
      poll: Poll['figures']
      /**
       * Takes over a socket in the turn of the upgrade of `request`, whose token was looked up before, valid or not.
       * @param one_room null for a socket of many rooms
       * @param refusal why the socket is closed although the token is valid
       */
      accept(ws: WebSocket, request: FastifyRequest, one_room: OneRoom | null, refusal?: CloseReason): void
    }
  }
}

/** Fragments of one message; browsers send one, and each costs memory until the message is complete. */
const FRAGMENTS_MAX = 64
/** Reads of the network that one message may take; a segment has some 1,400 bytes, a message 64 KiB. */
const CHUNKS_MAX = 1024

async function ws(fastify: FastifyInstance) {
  const { auth, budgets, config, messages, presence, pubsub, reactions, roomLog, rooms, spans, store } = fastify
  const userBus = createUserBus(pubsub, store.epoch, username => hub.clientsOf(username))
  const bounds = {
    per_user: config.MAX_SOCKETS_PER_USER,
    per_address: config.MAX_SOCKETS_PER_ADDRESS,
    heartbeat_ms: config.HEARTBEAT_MS,
  }
  const hub = new Hub(store, roomLog, bounds, { hold: auth.untilCurrent, followUser: userBus.follow })
  const poll = startPoll(hub, roomLog, pubsub, store)
  fastify.addHook('onClose', () => poll.close())
  const services: Services = {
    ...{ auth, budgets, config, messages, presence, reactions, roomLog, rooms, spans, store },
    ...{ hub, limits: fastify.limits, log: fastify.log },
  }

  fastify.decorate('ws', {
    hub,
    poll: poll.figures,
    accept(ws, request, one_room, refusal) {
      const address = fastify.limits.addressOf(request)
      const client = new Client(ws, request.raw.socket, address, services, one_room)
      void client.start(request.identity, request.identityFault, refusal)
    },
  })
  fastify.users.events.on('changed', ({ username, display_name, avatar_color, status }) => {
    userBus.publishProfile({ type: 'profile', username, display_name, avatar_color, status })
  })
  const seen = await startSeen(pubsub, store.epoch, hub, rooms)
  fastify.addHook('onClose', async () => seen.close())
  rooms.events.on('admitted', (username, room_id) => userBus.toUser(username, { type: 'admitted', room_id }))
  rooms.events.on('read', (username, mark, by) => userBus.toUser(username, { type: 'read', ...mark }, by))
  rooms.directEvents.on('said', ({ room_id, seq, username }, usernames) => {
    budgets.ofAccount(username).charge(usernames.length * prices.recipient)
    for (const name of usernames) userBus.toUser(name, { type: 'direct', room_id, as_of: seq, hidden: false })
  })
  rooms.directEvents.on('hidden', (username, room_id, seq) =>
    userBus.toUser(username, { type: 'direct', room_id, as_of: seq, hidden: true }),
  )
  rooms.directEvents.on('blocked', (username, subject, on) =>
    userBus.toUser(username, { type: 'block', username: subject, on }),
  )
  await userBus.onProfile(frame => {
    // Every user is in the default room, online or not.
    const rooms = new Set([DEFAULT_ROOM_ID, ...presence.roomsOf(frame.username)])
    for (const room_id of rooms) hub.broadcast(room_id, frame)
  })
  presence.onTold((room_id, frame) => hub.broadcast(room_id, frame))
  auth.events.on('ended', (session_id, username) => {
    for (const client of hub.clientsOf(username)) {
      if (client.identity?.session_id === session_id) client.close('unauthorized')
    }
  })
  auth.events.on('rights', (username, is_admin) => userBus.toUser(username, { type: 'rights', is_admin }))
  auth.events.on('outdated', username => {
    for (const client of hub.clientsOf(username)) void closeIfEnded(client)
  })

  async function closeIfEnded(client: HubClient) {
    try {
      if (client.identity && !(await auth.isGood(client.identity))) client.close('unauthorized')
    } catch {
      // The store does not answer: the account is looked at again.
    }
  }

  stopAfterBrokenFrames()
  await fastify.register(websocket, {
    errorHandler(error: Error & { code?: string }, socket, request) {
      // A broken frame is the client's fault, and ws closes its socket with the code that fits.
      if (error.code?.startsWith('WS_ERR_')) return request.log.debug({ code: error.code }, 'Invalid WebSocket frame')
      request.log.error({ err: error }, 'WebSocket error')
      socket.terminate()
    },
    options: {
      maxPayload: limits.FRAME_BYTES_MAX,
      // With compression, frames written to the TCP connection would overtake those that ws still compresses.
      perMessageDeflate: false,
      // One frame in each turn of the event loop: a read of 64 KiB may hold thousands.
      allowSynchronousEvents: false,
      maxFragments: FRAGMENTS_MAX,
      maxBufferedChunks: CHUNKS_MAX,
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
    'budgets',
    'rooms',
    'messages',
    'reactions',
    'presence',
    'room-log',
    'rate-limit',
    'users',
    'lifecycle',
    'tracing',
  ],
})
