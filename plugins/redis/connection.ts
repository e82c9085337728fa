import { Cluster, Redis, type RedisOptions } from 'ioredis'

export type Commands = Redis | Cluster

/** One life of the connections to Redis: it is not mended, a new one takes its place. */
export interface Connection {
  readonly commands: Commands
  readonly kind: 'single' | 'cluster'
  publish(channel: string, bytes: Buffer): Promise<unknown>
  subscribe(channels: string[]): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  /** Resolves at its end, whoever ended it. */
  readonly ended: Promise<void>
  close(): void
}

export interface Address {
  host: string
  port: number
  password?: string
  db: number
}

/** What connecting may take; a Redis that hangs takes connections and answers nothing. */
const CONNECT_MS = 2000

/**
 * Connects once, twice over: for commands, and for what is subscribed to. To a Redis Cluster each goes to the node that
 * a channel or key belongs to, and channels are sharded.
 *
 * @param heard gets each message of the subscribed channels; must not throw
 * @throws where Redis cannot be reached, or does not answer
 */
export async function connect(
  { host, port, password, db }: Address,
  heard: (channel: string, message: Buffer) => void,
): Promise<Connection> {
  const options: RedisOptions = {
    ...{ host, port, db, ...(password !== undefined && { password }) },
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    // What cannot be said now is of no use later, and nothing must wait without a bound.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    retryStrategy: null,
    // Who does not answer does not take leave either.
    disconnectTimeout: 200,
    disableClientInfo: true,
    protocol: 2,
  }
  const opened: Commands[] = []
  let closed = false
  const close = () => {
    closed = true
    for (const client of opened) client.disconnect()
  }
  async function open<C extends Commands>(client: C): Promise<C> {
    // What breaks a connection ends it too, and that is what counts.
    client.on('error', () => {})
    opened.push(client)
    if (closed) throw new Error('Redis has taken too long')
    await client.connect()
    return client
  }

  async function openAll(): Promise<Connection> {
    const commands = await open(new Redis(options))
    if (/^cluster_enabled:1/m.test(await commands.info('cluster'))) {
      const cluster = await open(
        new Cluster([{ host, port }], {
          redisOptions: options,
          lazyConnect: true,
          enableOfflineQueue: false,
          clusterRetryStrategy: null,
          shardedSubscribers: true,
        }),
      )
      commands.disconnect()
      cluster.on('smessageBuffer', (channel: Buffer, message: Buffer) => heard(channel.toString(), message))
      return {
        commands: cluster,
        kind: 'cluster',
        publish: (channel, bytes) => cluster.spublish(channel, bytes),
        subscribe: channels => Promise.all(channels.map(channel => cluster.ssubscribe(channel))),
        unsubscribe: channel => cluster.sunsubscribe(channel),
        ended: firstEnd(cluster),
        close,
      }
    }
    const subscriber = await open(commands.duplicate())
    subscriber.on('messageBuffer', (channel: Buffer, message: Buffer) => heard(channel.toString(), message))
    return {
      commands,
      kind: 'single',
      publish: (channel, bytes) => commands.publish(channel, bytes),
      subscribe: channels => subscriber.subscribe(...channels),
      unsubscribe: channel => subscriber.unsubscribe(channel),
      ended: firstEnd(commands, subscriber),
      close,
    }
  }

  try {
    return await within(CONNECT_MS, openAll())
  } catch (error) {
    close()
    throw error
  }
}

/** @throws where it takes longer */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis has not answered within ${ms} ms`)), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

function firstEnd(...clients: Commands[]): Promise<void> {
  return Promise.race(clients.map(client => new Promise<void>(resolve => client.once('end', resolve))))
}
