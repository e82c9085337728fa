import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import { inWords } from '../config/reason.js'
import type { RedisAddress } from '../config/redis-address.js'
import { type Clients, CONNECT_MS, clientsFor, type RedisClient } from './clients.js'

/**
 * This server's connection to Redis, whether Redis is up or not. Nothing waits for Redis longer than ANSWER_MS, and
 * nothing is kept for later: what cannot be sent now is dropped.
 */
export interface RedisConnection {
  /** Where Redis is, without user and password; for logs. */
  readonly description: string
  /** A random id of this process. */
  readonly id: string
  /**
   * `up` if a probe that this server published came back lately. Being connected is not enough: a connection may be deaf.
   */
  readonly state: 'up' | 'down'
  /** `cluster` as soon as Redis has said so. */
  readonly kind: 'single' | 'cluster'
  /** Why the newest attempt to connect failed; null if none has. */
  readonly failure: string | null
  /** Runs commands. @throws if Redis is down, or has not answered within ANSWER_MS */
  run<T>(work: (commands: RedisClient) => Promise<T>): Promise<T>
  /** Never throws and never waits. */
  publish(channel: string, bytes: Buffer): void
  /** Subscribes to a channel, and again after each reconnect. Resolves once subscribed, or at once while Redis is down. */
  subscribe(channel: string): Promise<void>
  unsubscribe(channel: string): void
  /** Takes the messages of all channels; there is one such function, and it must not throw. */
  onMessage: (channel: string, message: Buffer) => void
  close(): void
}

const PROBE_MS = 1000
/** A probe that is not back by then makes the connection count as down. */
const DEAF_MS = 1500
/** Clients that bring no probe back for so long are replaced: their connection is half-open, or deaf. */
const RENEW_MS = 5000
/** Clients that do not connect for so long are replaced: ioredis gives up in some cases, and hangs in others. */
const UNOPENED_MS = 10_000
/** Bytes published and not answered yet; beyond, messages are dropped. Servers read them from the store. */
const UNANSWERED_BYTES_MAX = 8 * 1024 * 1024

/**
 * Opens the connection; it resolves after the first attempt, whether that succeeded or failed.
 *
 * In a cluster the probe goes over one node: `{servers}` puts it into one slot with the heads of rooms, which repair
 * what any other node did not deliver.
 *
 * @param use gets the clients before they connect, and once more if Redis turns out to be a cluster
 * @throws Error, one sentence, if the file with the certificate authority cannot be read
 */
export async function openConnection(
  address: RedisAddress,
  log: Pick<FastifyBaseLogger, 'debug' | 'info' | 'warn'>,
  use: (clients: Clients) => void | Promise<void> = () => {},
): Promise<RedisConnection> {
  const create = clientsFor(address)
  /** A node that is given alone may be a single Redis, or one of a cluster: only Redis itself can tell. */
  const isAlone = address.nodes.length === 1 && address.sentinel_master === undefined
  const id = randomUUID()
  const probe_channel = `{servers}:probe:${id}`
  const channels = new Set([probe_channel])
  /** Those of `channels` that are not known to be subscribed. */
  const missing = new Set<string>()
  let clients: Clients
  let closed = false
  /** Whether both clients are connected. */
  let isOpen = false
  let failure: string | null = null
  /** When the clients were connected, or lost their connection, by the monotonic clock. */
  let changed_at = 0
  /** When the newest probe that came back was sent, by the same clock. */
  let proven_at = Number.NEGATIVE_INFINITY
  /** Probes that came back. */
  let proofs = 0
  /** What was published since the newest probe came back and is not answered yet. */
  let unanswered_bytes = 0
  let attempted = () => {}

  const connection: RedisConnection = {
    id,
    description: `redis at ${address.description}`,
    onMessage: () => {},
    get state() {
      return isOpen && performance.now() - proven_at < DEAF_MS ? 'up' : 'down'
    },
    get kind() {
      return clients.kind
    },
    get failure() {
      return failure
    },
    async run(work) {
      if (connection.state === 'down') throw new Error('Redis is down')
      return work(clients.commands)
    },
    publish(channel, bytes) {
      if (!isOpen || unanswered_bytes > UNANSWERED_BYTES_MAX) return
      const counted_in = proofs
      unanswered_bytes += bytes.length
      const answered = () => {
        if (counted_in === proofs) unanswered_bytes -= bytes.length
      }
      // A timeout is no answer: the bytes may still wait in the socket.
      clients.publish(channel, bytes).then(answered, () => {})
    },
    async subscribe(channel) {
      channels.add(channel)
      const subscribed = subscribe([channel])
      if (connection.state === 'up') await subscribed
    },
    unsubscribe(channel) {
      channels.delete(channel)
      missing.delete(channel)
      clients.unsubscribe(channel).catch(() => {})
    },
    close() {
      closed = true
      clearInterval(prober)
      clients.close()
    },
  }

  async function become(kind: Clients['kind']) {
    const [former, made] = [clients as Clients | undefined, create(kind)]
    clients = made
    isOpen = false
    changed_at = performance.now()
    for (const channel of channels) missing.add(channel)
    const isCurrent = () => clients === made && !closed
    for (const client of [made.commands, made.subscriber]) {
      client.on('ready', () => isCurrent() && ready())
      client.on('close', () => isCurrent() && lost())
      client.on('error', error => isCurrent() && failed(error))
    }
    made.onMessage((channel, message) => isCurrent() && receive(channel, message))
    await use(made)
    former?.close()
    if (isCurrent()) made.connect()
  }

  async function ready() {
    const { kind, commands, subscriber } = clients
    if (isOpen || commands.status !== 'ready' || subscriber.status !== 'ready') return
    isOpen = true
    changed_at = performance.now()
    unanswered_bytes = 0
    if (kind === 'single') {
      for (const channel of channels) missing.add(channel)
      if (isAlone && (await isClusterNode(commands))) return become('cluster')
      if (!isOpen) return
    }
    log.info(`Redis connection established (${kind})`)
    await subscribeMissing()
    probe()
  }

  function lost() {
    attempted()
    if (!isOpen) return
    isOpen = false
    changed_at = performance.now()
    proven_at = Number.NEGATIVE_INFINITY
    log.warn('Redis connection lost: polling the store instead')
  }

  /** Takes the message only: the error itself may hold a command, and so a password. */
  function failed({ message, lastNodeError }: Error & { lastNodeError?: Error }) {
    failure = inWords(lastNodeError?.message ?? message)
    log.debug(`Redis connection failed: ${failure}`)
    attempted()
    if (isAlone && clients.kind === 'cluster' && failure.includes('cluster support disabled')) become('single')
  }

  /** Never throws. */
  async function subscribe(names: string[]) {
    const { channels_max } = clients
    const commands: Promise<unknown>[] = []
    for (let at = 0; at < names.length; at += channels_max) {
      const some = names.slice(at, at + channels_max)
      const retryLater = () => {
        for (const name of some) if (channels.has(name)) missing.add(name)
      }
      commands.push(clients.subscribe(some).catch(retryLater))
    }
    await Promise.all(commands)
  }

  async function subscribeMissing() {
    const names = [...missing]
    missing.clear()
    await subscribe(names)
  }

  function receive(channel: string, message: Buffer) {
    if (channel === probe_channel) {
      proven_at = Math.max(proven_at, message.readDoubleBE())
      proofs++
      unanswered_bytes = 0
      attempted()
    } else if (channels.has(channel)) {
      connection.onMessage(channel, message)
    } else {
      // Redis has not heard that we unsubscribed.
      clients.unsubscribe(channel).catch(() => {})
    }
  }

  function probe() {
    const now = performance.now()
    if (now - Math.max(proven_at, changed_at) > (isOpen ? RENEW_MS : UNOPENED_MS)) {
      if (isOpen) log.warn('Redis does not answer: reconnecting')
      return void become(clients.kind)
    }
    if (!isOpen) return
    subscribeMissing()
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeDoubleBE(now)
    connection.publish(probe_channel, bytes)
  }

  const prober = setInterval(probe, PROBE_MS)
  prober.unref()
  await become(isAlone || address.sentinel_master !== undefined ? 'single' : 'cluster')
  await new Promise<void>(resolve => {
    attempted = resolve
    setTimeout(resolve, CONNECT_MS)
  })
  if (connection.state === 'down') {
    log.warn(`Redis cannot be reached at ${address.description} (${failure ?? 'no answer'}): starting without it`)
  }
  return connection
}

async function isClusterNode(commands: RedisClient): Promise<boolean> {
  const info = await commands.info('cluster').catch(() => '')
  return info.includes('cluster_enabled:1')
}
