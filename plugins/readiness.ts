import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Readiness } from '../schemas/readiness.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether the server accepts traffic, and the state of what it depends on. Never rejects. */
    readiness: () => Promise<Readiness>
  }
}

/** A store that does not answer within this time counts as down. */
const PING_MS = 2000

async function readiness(fastify: FastifyInstance) {
  const { store, pubsub } = fastify

  async function stateOfStore(): Promise<Readiness['store']> {
    const answered = new AbortController()
    const late = setTimeout(PING_MS, 'down' as const, { signal: answered.signal }).catch(() => 'down' as const)
    const state = store.ping().then(
      () => 'up' as const,
      () => 'down' as const,
    )
    return Promise.race([state, late]).finally(() => answered.abort())
  }

  fastify.decorate('readiness', async () => {
    const store = await stateOfStore()
    const { draining } = fastify
    const bus = pubsub.state
    const path = store === 'down' ? 'store gone' : bus === 'up' ? 'fast' : 'slow'
    return { ready: store === 'up' && !draining, draining, store, bus, path }
  })
}

export default fp(readiness, { name: 'readiness', dependencies: ['store', 'pubsub', 'lifecycle'] })
