import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import { type Address, type Commands, type Connection, connect, within } from './connection.js'

/**
 * This server's link to Redis, with Redis there or not. Nothing of it waits for Redis without a bound, and nothing is
 * kept for later: what cannot be sent now is dropped.
 */
export interface RedisLink {
  readonly description: string
  /** A random id of this process. */
  readonly id: string
  /** Whether a message to ourselves came back through Redis lately: connected is not enough, it may be deaf. */
  readonly state: 'up' | 'down'
  /** @throws where Redis is down, or has not answered within ANSWER_MS */
  ask<T>(work: (commands: Commands) => Promise<T>): Promise<T>
  /** Never throws and never waits. */
  publish(channel: string, bytes: Buffer): void
  /** Subscribes to a channel, again after each loss. Resolves when Redis said so, or is not to be waited for. */
  listen(channel: string): Promise<void>
  ignore(channel: string): void
  /** Takes the messages of all channels; there is one such function, and it must not throw. */
  heard: (channel: string, message: Buffer) => void
  close(): Promise<void>
}

const PROBE_MS = 1000
/** A probe that is not back by then makes the link count as down. */
const DEAF_MS = 1500
/** What brings nothing back for so long is thrown away and connected anew: half-open, or deaf. */
const RENEW_MS = 5000
const RETRY_MS = 100
const RETRY_MAX_MS = 1000
const ANSWER_MS = 500
/** Bytes published and not answered yet; beyond, messages are dropped. The store brings them. */
const UNANSWERED_BYTES_MAX = 8 * 1024 * 1024
/** Channels named in one command. */
const SUBSCRIBE_AT_ONCE = 500

/**
 * Opens the link; it resolves after the first attempt, good or bad.
 *
 * There is one way for a start without Redis, for a loss, and for a connection that is deaf: another one is made from
 * the beginning, which also finds out whether it is a cluster. (@fastify/redis would fail a start without Redis, and
 * could only ever have one client.)
 *
 * In a cluster the probe goes over one node: `{servers}` keeps it in one slot with the heads of rooms, which
 * tell what any other node did not bring.
 */
export async function openLink(address: Address, log: FastifyBaseLogger): Promise<RedisLink> {
  const id = randomUUID()
  const probeChannel = `{servers}:probe:${id}`
  const channels = new Set([probeChannel])
  let connection: Connection | null = null
  let closed = false
  let unanswered_bytes = 0
  let connected_at = 0
  /** When the newest probe that came back was sent, by the monotonic clock. */
  let proven_at = Number.NEGATIVE_INFINITY
  let proven = () => {}
  let wake = () => {}

  const link: RedisLink = {
    id,
    description: `redis at ${address.host}:${address.port}`,
    heard: () => {},
    get state() {
      return connection && performance.now() - proven_at < DEAF_MS ? 'up' : 'down'
    },
    async ask(work) {
      if (!connection || link.state === 'down') throw new Error('Redis is down')
      return within(ANSWER_MS, work(connection.commands))
    },
    publish(channel, bytes) {
      if (!connection || unanswered_bytes > UNANSWERED_BYTES_MAX) return
      const over = connection
      unanswered_bytes += bytes.length
      const answered = () => {
        if (over === connection) unanswered_bytes -= bytes.length
      }
      over.publish(channel, bytes).then(answered, answered)
    },
    async listen(channel) {
      channels.add(channel)
      const subscribed = subscribe([channel])
      if (link.state === 'up') await within(ANSWER_MS, subscribed).catch(() => {})
    },
    ignore(channel) {
      channels.delete(channel)
      connection?.unsubscribe(channel).catch(() => {})
    },
    async close() {
      closed = true
      clearInterval(prober)
      connection?.close()
      wake()
      await life
    },
  }

  function hear(channel: string, message: Buffer) {
    if (channel !== probeChannel) return link.heard(channel, message)
    const sent_at = message.readDoubleBE()
    if (sent_at < connected_at) return
    proven_at = Math.max(proven_at, sent_at)
    proven()
  }

  function probe() {
    const now = performance.now()
    if (connection && now - Math.max(proven_at, connected_at) > RENEW_MS) {
      log.warn('Redis is silent: connecting anew')
      connection.close()
      return
    }
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeDoubleBE(now)
    link.publish(probeChannel, bytes)
  }

  /** A subscription that fails ends the connection, so that the next one has all of them. */
  async function subscribe(names: string[]) {
    const over = connection
    await over?.subscribe(names).catch(() => over.close())
  }

  /** One connection, from its beginning to its end. @returns whether there was one */
  async function connectOnce(opened: () => void): Promise<boolean> {
    let made: Connection
    try {
      made = await connect(address, hear)
    } catch (error) {
      log.debug({ err: error }, 'Redis is not reached')
      return false
    }
    if (closed) made.close()
    connection = made
    connected_at = performance.now()
    unanswered_bytes = 0
    const names = [...channels]
    for (let at = 0; at < names.length; at += SUBSCRIBE_AT_ONCE) {
      await within(RENEW_MS, subscribe(names.slice(at, at + SUBSCRIBE_AT_ONCE))).catch(() => made.close())
    }
    log.info(`Redis is there (${made.kind})`)
    const first = new Promise<void>(resolve => {
      proven = resolve
    })
    probe()
    await within(ANSWER_MS, first).catch(() => {})
    opened()
    await made.ended
    made.close()
    connection = null
    if (!closed) log.warn('Redis is lost: what others say comes from the store, slower')
    return true
  }

  async function live(opened: () => void) {
    for (let delay_ms = RETRY_MS; !closed; ) {
      if (await connectOnce(opened)) delay_ms = RETRY_MS
      else delay_ms = Math.min(RETRY_MAX_MS, delay_ms * 2)
      opened()
      if (closed) return
      await new Promise<void>(resolve => {
        wake = resolve
        setTimeout(resolve, delay_ms * (0.5 + Math.random() / 2)).unref()
      })
    }
  }

  const prober = setInterval(probe, PROBE_MS)
  prober.unref()
  let life: Promise<void> = Promise.resolve()
  await new Promise<void>(opened => {
    life = live(opened)
  })
  if (!connection) log.warn(`Redis is not reached at ${address.host}:${address.port}: starting without it`)
  return link
}
