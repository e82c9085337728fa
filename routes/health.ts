import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from '@sinclair/typebox'

const Health = Type.Object({ status: Type.Literal('ok') }, { additionalProperties: false })

const State = Type.Union([Type.Literal('up'), Type.Literal('down')], { examples: ['up'] })
const Readiness = Type.Object(
  {
    ready: Type.Boolean({ description: 'Whether requests and sockets should come here' }),
    draining: Type.Boolean(),
    store: State,
    bus: Type.Union([State], { description: 'Without it chat works, only slower between servers' }),
    path: Type.Union([Type.Literal('fast'), Type.Literal('slow'), Type.Literal('store gone')], {
      description: 'How messages reach other servers: by the bus, or by each looking into the store every second',
      examples: ['fast'],
    }),
  },
  { additionalProperties: false },
)
type Readiness = Static<typeof Readiness>

const tags = ['system']

const health = {
  summary: 'Whether the process is alive',
  operationId: 'getHealth',
  tags,
  security: [],
  response: { 200: Health },
}

const ready = {
  summary: 'Whether requests should come here, and what the server depends on',
  operationId: 'getReadiness',
  tags,
  security: [],
  response: { 200: Readiness, 503: Readiness },
}

/** How long the store may take to answer before it counts as down. */
const PING_MS = 2000

export default (async fastify => {
  // Probes come from one address and must never be told to come back later.
  const options = { logLevel: 'warn', config: { rateLimit: false } } as const

  fastify.get('/health', { ...options, schema: health }, async () => ({ status: 'ok' as const }))

  fastify.get('/ready', { ...options, schema: ready }, async (_request, reply) => {
    const store = await stateOfStore()
    const { draining } = fastify
    const bus = fastify.pubsub.state
    const path = store === 'down' ? 'store gone' : bus === 'up' ? 'fast' : 'slow'
    const body: Readiness = { ready: store === 'up' && !draining, draining, store, bus, path }
    return reply.code(body.ready ? 200 : 503).send(body)
  })

  async function stateOfStore(): Promise<Readiness['store']> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'down'>(resolve => {
      timer = setTimeout(resolve, PING_MS, 'down')
    })
    const answer = fastify.store.ping().then(
      () => 'up' as const,
      () => 'down' as const,
    )
    return Promise.race([answer, late]).finally(() => clearTimeout(timer))
  }
}) satisfies FastifyPluginAsyncTypebox
