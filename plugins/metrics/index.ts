import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { errorAnswers, errors } from '../../schemas/error.js'
import type { Readiness } from '../../schemas/readiness.js'
import { addBudgetFigures } from './budgets.js'
import { watchProcess } from './process.js'
import { addStoreFigures } from './store.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** The metrics as they are now; `/metrics` may be a second old. */
    metrics: Registry
  }
}

const schema = {
  operationId: 'getMetrics',
  tags: ['system'],
  summary: 'Get metrics',
  description:
    'Returns the metrics of this process, at most a second old. Labels never contain usernames or room names. If the server has a METRICS_TOKEN, it must be sent as a bearer token.',
  security: [],
  response: {
    200: {
      description: 'Prometheus text format',
      content: { 'text/plain': { schema: Type.String(), example: 'talkie_sockets 3\n' } },
    },
    ...errorAnswers('Unauthorized', 'RateLimited', 'Internal'),
  },
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
const BATCHES = [1, 2, 5, 10, 20, 50, 100, 200, 500]

/** How long one text is answered, ms: building it takes some ms of the main thread. */
const TEXT_MS = 1000

/** Metrics of this process, at `/metrics`. Each application has its own registry. */
async function metrics(fastify: FastifyInstance) {
  const { auth, config, pubsub, roomLog, ws } = fastify
  const registry = new Registry()
  fastify.decorate('metrics', registry)
  const registers = [registry]
  const lag = watchProcess(registry)
  fastify.addHook('onClose', async () => clearInterval(lag))

  /** A figure that is looked up when asked for. */
  function gauge(name: string, help: string, value: () => number) {
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(value())
      },
    })
  }
  gauge('talkie_sockets', 'Open sockets', () => ws.hub.clients.size)
  gauge('talkie_rooms', 'Rooms with sockets', () => ws.hub.rooms)
  gauge('talkie_bus_up', 'Whether messages to ourselves come back by the bus', () => Number(pubsub.state === 'up'))
  let reading: Promise<Readiness> | null = null
  /** All metrics are collected at once, so these two share one look at the store. */
  function readiness() {
    reading ??= fastify.readiness().finally(() => {
      reading = null
    })
    return reading
  }
  new Gauge({
    ...{ name: 'talkie_store_up', help: 'Whether the store answers', registers },
    async collect() {
      this.set(Number((await readiness()).store === 'up'))
    },
  })
  new Gauge({
    ...{ name: 'talkie_ready', help: 'Whether the server accepts traffic, as /ready says', registers },
    async collect() {
      this.set(Number((await readiness()).ready))
    },
  })
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  const build = { name: 'talkie_build_info', help: 'The version that runs; always 1', labelNames: ['version', 'node'] }
  new Gauge({ ...build, registers }).set({ version, node: process.version }, 1)
  addStoreFigures(registry, fastify.store)
  addBudgetFigures(registry, fastify.budgets)
  gauge('talkie_unsent_bytes', 'Bytes that wait to be sent to all clients', () => fastify.unsent.bytes)
  gauge('talkie_logins_waiting', 'Logins and registrations that wait for a thread', auth.waiting)

  /** A count that is kept elsewhere. */
  function count(name: string, help: string, value: () => number) {
    new Counter({
      ...{ name, help, registers },
      collect() {
        this.reset()
        this.inc(value())
      },
    })
  }
  /** Counts that are kept elsewhere, one for each value of a label. */
  function counts(name: string, help: string, label: string, values: () => Record<string, number>) {
    new Counter({
      ...{ name, help, registers, labelNames: [label] },
      collect() {
        this.reset()
        for (const [value, number] of Object.entries(values())) this.inc({ [label]: value }, number)
      },
    })
  }
  new Counter({
    name: 'talkie_errors_total',
    help: 'Errors that clients were answered, by code and transport',
    labelNames: ['code', 'transport'],
    registers,
    collect() {
      this.reset()
      const answered = { http: fastify.errorsAnswered, socket: ws.hub.errors }
      for (const [transport, codes] of Object.entries(answered)) {
        for (const [code, number] of Object.entries(codes)) this.inc({ code, transport }, number)
      }
    },
  })
  counts('talkie_subscriptions_total', 'Rooms that sockets began to follow, by how', 'began', () => ws.hub.subscribed)
  counts('talkie_sockets_closed_total', 'Sockets that the server closed, by why', 'reason', () => ws.hub.closed)
  count(
    'talkie_connections_destroyed_total',
    'Connections destroyed because their clients did not read',
    () => fastify.unsent.destroyed,
  )
  count('talkie_deliveries_total', 'Events handed to sockets, once per socket', () => ws.hub.delivered.frames)
  count('talkie_flushes_total', 'Times that a room was written to its sockets', () => ws.hub.delivered.flushes)

  count('talkie_polls_total', 'Times that the tails of followed rooms were looked up', () => ws.poll.polls)
  count('talkie_poll_found_total', 'Rooms in which such a look found what the bus had not brought', () => ws.poll.found)

  const batches = new Histogram({
    name: 'talkie_commit_events',
    help: 'Events per commit of a room',
    buckets: BATCHES,
    registers,
  })
  const answers = new Histogram({
    name: 'talkie_append_seconds',
    help: 'From a request to append an event until it is durable',
    buckets: SECONDS,
    registers,
  })
  roomLog.observe({
    committed: events => batches.observe(events),
    answered: ms => answers.observe(ms / 1000),
  })

  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Requests by route, which is a template',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers,
  })
  fastify.addHook('onResponse', async (request, reply) => {
    const labels = { method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode }
    requests.observe(labels, reply.elapsedTime / 1000)
  })

  let text: Promise<string> | undefined
  let made_at = 0
  async function requireToken({ headers }: FastifyRequest) {
    const { METRICS_TOKEN: token } = config
    if (token !== undefined && !isSame(headers.authorization ?? '', `Bearer ${token}`)) throw new errors.Unauthorized()
  }
  fastify.get('/metrics', { schema, logLevel: 'warn', onRequest: requireToken }, (_request, reply) => {
    reply.type(registry.contentType)
    const now = performance.now()
    if (text === undefined || now - made_at > TEXT_MS) {
      text = registry.metrics()
      made_at = now
    }
    return text
  })
}

/** In a time that does not depend on where they differ. */
function isSame(one: string, other: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(one), hash(other))
}

export default fp(metrics, {
  name: 'metrics',
  dependencies: [
    'auth',
    'budgets',
    'config',
    'connections',
    'docs',
    'errors',
    'pubsub',
    'readiness',
    'room-log',
    'store',
    'ws',
  ],
})
