import { createHmac } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { createPresence, type Presence as Local } from './presence.js'
import { createSharedPresence } from './shared.js'

declare module 'fastify' {
  interface FastifyInstance {
    presence: Presence
  }
}

/** Which users are online, across all servers. */
export interface Presence extends Pick<Local, 'enter' | 'leave' | 'online' | 'roomsOf'> {
  /** Call it when a room starts to be followed. Resolves when `online` includes other servers, or Redis is down. */
  load(room_id: string): Promise<void>
  /** Tells which users are online in a room, even if no socket of this server follows it. */
  inRoom(room_id: string): Promise<(username: string) => boolean>
  isOnline(username: string): Promise<boolean>
  /** @param listener the only one; gets the frames for this server's sockets of a room, and must not throw */
  onTold(listener: (room_id: string, frame: object) => void): void
}

/** Interval at which changes are batched and sent. */
const TELL_EVERY_MS = 1000

async function presence(fastify: FastifyInstance) {
  const { config, redisConnection, store } = fastify
  let told: (room_id: string, frame: object) => void = () => {}
  const local = createPresence((room_id, frame) => told(room_id, frame))
  const lease_ms = config.PRESENCE_LEASE_MS
  const secret = createHmac('sha256', config.JWT_SECRET).update(store.epoch).digest('hex')
  const shared = redisConnection
    ? createSharedPresence(redisConnection, local, store.epoch, { lease_ms, secret }, fastify.log)
    : null
  await shared?.beat()
  /** Loads in flight by room; concurrent callers share them. */
  const loading = new Map<string, Promise<void>>()

  const capability: Presence = {
    enter(room_id, username) {
      const isNew = !local.isFollowed(room_id)
      local.enter(room_id, username)
      if (!shared || !isNew) return
      const loaded = shared.load(room_id).finally(() => loading.delete(room_id))
      loading.set(room_id, loaded)
    },
    leave: local.leave,
    online: local.online,
    roomsOf: local.roomsOf,
    load: async room_id => loading.get(room_id),
    async inRoom(room_id) {
      if (!shared || local.isFollowed(room_id)) return username => local.isOnlineIn(room_id, username)
      const online = await shared.online(room_id)
      return username => online.has(username)
    },
    isOnline: async username => local.isOnline(username) || ((await shared?.isOnline(username)) ?? false),
    onTold(listener) {
      told = listener
    },
  }
  fastify.decorate('presence', capability)
  const timer = setInterval(
    () => (shared ? void shared.beat() : local.tell()),
    Math.min(TELL_EVERY_MS, Math.floor(lease_ms / 3)),
  )
  timer.unref()
  fastify.addHook('onClose', async () => {
    clearInterval(timer)
    await shared?.close()
  })
}

export default fp(presence, { name: 'presence', dependencies: ['config', 'redis', 'store'] })
