import { readFileSync } from 'node:fs'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { RedisAddress } from '../config/redis-address.js'

export type RedisClient = Redis | Cluster

/** The two clients of a server. They reconnect automatically until they are closed, but not in every case. */
export interface Clients {
  readonly kind: 'single' | 'cluster'
  readonly commands: RedisClient
  /** Can run no other commands, because it is subscribed. */
  readonly subscriber: RedisClient
  publish(channel: string, bytes: Buffer): Promise<unknown>
  /** @param channels at most `channels_max` */
  subscribe(channels: string[]): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  /** Channels that one SUBSCRIBE may name. */
  readonly channels_max: number
  onMessage(listener: (channel: string, message: Buffer) => void): void
  connect(): void
  close(): void
}

/** A command that is not answered by then has failed. */
export const ANSWER_MS = 500
export const CONNECT_MS = 2000
const RETRY_MS = 100
const RETRY_MAX_MS = 1000
/** How long a peer has to close a connection that we close; a hung one never does. */
const DISCONNECT_MS = 200

/** @param attempt 1 for the first one. @returns ms */
const backOff = (attempt: number) =>
  Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** Math.min(attempt - 1, 10)) * (0.5 + Math.random() / 2)

/**
 * Nothing waits for a Redis that is down: commands fail at once instead of being queued, because what cannot be sent now
 * is of no use later.
 *
 * @returns makes clients that do not connect yet
 * @throws Error, one sentence, if the file with the certificate authority cannot be read
 */
export function clientsFor(address: RedisAddress): (kind: Clients['kind']) => Clients {
  const options = optionsFor(address)
  return kind => (kind === 'cluster' ? createCluster(address, options) : createSingle(address, options))
}

function optionsFor({ username, password, db, tls }: RedisAddress): RedisOptions {
  return {
    db,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: readAuthority(tls.ca_file) }),
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    commandTimeout: ANSWER_MS,
    disconnectTimeout: DISCONNECT_MS,
    retryStrategy: backOff,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // ioredis leaves a resubscription that fails as an unhandled rejection, so the connection subscribes again itself.
    autoResubscribe: false,
    disableClientInfo: true,
    protocol: 2,
  }
}

function readAuthority(path: string | undefined): { ca?: string } {
  if (path === undefined) return {}
  try {
    return { ca: readFileSync(path, 'utf8') }
  } catch (error) {
    throw new Error(`REDIS_TLS_CA_FILE names a file that cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}

/** One Redis, or the master that Sentinels name at each connect. */
function createSingle({ nodes, sentinel_master, sentinel_password }: RedisAddress, options: RedisOptions): Clients {
  const where: RedisOptions =
    sentinel_master === undefined
      ? { ...nodes[0] }
      : {
          sentinels: nodes,
          name: sentinel_master,
          ...(sentinel_password !== undefined && { sentinelPassword: sentinel_password }),
          ...(options.tls && { sentinelTLS: options.tls, enableTLSForSentinelMode: true }),
          sentinelCommandTimeout: ANSWER_MS,
          sentinelRetryStrategy: backOff,
        }
  const [commands, subscriber] = [new Redis({ ...options, ...where }), new Redis({ ...options, ...where })]
  return {
    kind: 'single',
    ...common(commands, subscriber),
    publish: (channel, bytes) => commands.publish(channel, bytes),
    subscribe: channels => subscriber.subscribe(...channels),
    unsubscribe: channel => subscriber.unsubscribe(channel),
    channels_max: 500,
    onMessage: listener => {
      subscriber.on('messageBuffer', (channel: Buffer, message: Buffer) => listener(channel.toString(), message))
    },
  }
}

/** Each command goes to the node of its key, and channels are sharded: each is served by one node only. */
function createCluster({ nodes }: RedisAddress, options: RedisOptions): Clients {
  const cluster = (shardedSubscribers: boolean) =>
    new Cluster(nodes, {
      redisOptions: options,
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: backOff,
      shardedSubscribers,
      // Retries are 100 ms apart, so that all of them take no longer than an answer may.
      maxRedirections: 5,
      // Certificates name hosts: a node is connected to by the name that it was given with, not by its address.
      dnsLookup: (host, done) => done(null, host),
    })
  const [commands, subscriber] = [cluster(false), cluster(true)]
  return {
    kind: 'cluster',
    ...common(commands, subscriber),
    // Async, because ioredis throws if no node serves the channel's slot.
    publish: async (channel, bytes) => commands.spublish(channel, bytes),
    subscribe: async ([channel]) => subscriber.ssubscribe(channel as string),
    unsubscribe: async channel => subscriber.sunsubscribe(channel),
    channels_max: 1,
    onMessage: listener => {
      subscriber.on('smessageBuffer', (channel: Buffer, message: Buffer) => listener(channel.toString(), message))
    },
  }
}

function common(commands: RedisClient, subscriber: RedisClient) {
  const clients = [commands, subscriber]
  return {
    commands,
    subscriber,
    connect() {
      // A failure is told by the client's events, and retried after its back-off.
      for (const client of clients) client.connect().catch(() => {})
    },
    close() {
      for (const client of clients) client.disconnect()
    },
  }
}
