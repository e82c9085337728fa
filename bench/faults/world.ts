import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { loadMongo, openEmbedded, type Store } from '../../plugins/store/index.js'
import { DEFAULT_ROOM_ID } from '../../schemas/wire.js'
import { type RedisServer, startRedis } from '../../test/support/redis.js'
import { type RedisProxy, startRedisProxy } from '../../test/support/redis-proxy.js'
import { type Database, startMongo } from '../../test/support/services.js'
import { type ServerProcess, startServer } from '../replay/server.js'
import { type Link, startLink } from './link.js'

export interface WorldOptions {
  servers: number
  store: 'embedded' | 'mongo'
}

/** A room as the clients know it, which may be wrong: answers get lost. */
interface KnownRoom {
  room_id: string
  owner: string
  members: Set<string>
  deleted: boolean
  sent: { id: number; author: string }[]
  invites: { id: number; code: string }[]
  /** A conversation of two, in which nobody is added or removed. */
  direct?: true
  /** Made by a guest. */
  guest?: true
}

/** A user without a socket, whom clients sign up, block and delete. */
export interface Guest {
  username: string
  token: string
  session: number
  /** The room that it made. */
  room_id: string
  blocked: boolean
  is_admin: boolean
  /** What its account's deletion does with its messages; null if it is not deleted. */
  deleted: 'keep' | 'delete' | null
  /** The ids of its messages in the default room. */
  sent: number[]
}

/** The servers with all that they depend on, and what the clients know of each other. */
export interface World {
  base_urls: string[]
  usernames: string[]
  rooms: KnownRoom[]
  guests: Guest[]
  /** Numbers used so far, for unique words and for sessions. */
  tokens: number
  sessions: number
  room(room_id: string): KnownRoom | undefined
  /** The rooms that a user is in, as far as is known. */
  roomsOf(username: string): KnownRoom[]
  entered(room_id: string, username: string): void
  created(room_id: string, owner: string): void
  /** A conversation of two. */
  opened(room_id: string, members: string[]): void

  servers: ServerProcess[]
  links: Link[]
  database: Database | null
  redis: RedisServer | null
  proxies: RedisProxy[]
  /** Sets the servers' clock ahead or back. */
  setClock(offset_ms: number): void
  /** Stops the servers and opens their store, for reading. */
  openStore(): Promise<Store>
  stop(): Promise<void>
}

/** How soon a half-open connection is noticed. */
const HEARTBEAT_MS = 2000

export async function startWorld(options: WorldOptions, usernames: string[]): Promise<World> {
  const ends: (() => unknown)[] = []
  const owner = { teardown: (work: () => unknown) => ends.push(work) }
  const folder = mkdtempSync(join(tmpdir(), 'talkie-faults-'))
  const discard = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  process.once('exit', discard)
  ends.push(() => {
    process.off('exit', discard)
    discard()
  })
  const clock = join(folder, 'clock')
  writeFileSync(clock, '0')
  const isCluster = options.store === 'mongo'
  const database = isCluster ? await startMongo() : null
  if (database) ends.push(() => database.stop())
  const redis = isCluster ? await startRedis(owner) : null
  const proxies: RedisProxy[] = []
  const name = `faults_${randomUUID().slice(0, 8)}`
  const env = {
    JWT_SECRET: randomUUID(),
    LOG_LEVEL: 'fatal',
    HEARTBEAT_MS: String(HEARTBEAT_MS),
    BUDGET_ACCOUNT_MS: '0',
    BUDGET_ADDRESS_MS: '0',
    CLOCK_FILE: clock,
    NODE_OPTIONS: `--import=${new URL('./clock.js', import.meta.url).href}`,
    ...(database && { MONGODB_URI: database.uri, MONGODB_DATABASE: name }),
    ...(!isCluster && { DATA_DIR: join(folder, 'data') }),
  }
  const servers: ServerProcess[] = []
  const links: Link[] = []
  const stopServers = async () => {
    for (const server of servers.splice(0)) await server.stop()
  }
  ends.push(stopServers)
  for (let n = 0; n < options.servers; n++) {
    const proxy = redis ? await startRedisProxy(owner, redis.port) : null
    if (proxy) proxies.push(proxy)
    const server = await startServer({ ...env, ...(proxy && { REDIS_ADDR: proxy.address }) })
    servers.push(server)
    const link = await startLink(server.base_url)
    links.push(link)
    ends.push(() => link.close())
  }

  const rooms: KnownRoom[] = [
    { room_id: DEFAULT_ROOM_ID, owner: '', members: new Set(usernames), deleted: false, sent: [], invites: [] },
  ]
  const world: World = {
    base_urls: links.map(({ base_url }) => base_url),
    usernames,
    rooms,
    guests: [],
    tokens: 0,
    sessions: 0,
    room: room_id => rooms.find(room => room.room_id === room_id),
    roomsOf: username => rooms.filter(({ members, deleted }) => !deleted && members.has(username)),
    entered: (room_id, username) => void world.room(room_id)?.members.add(username),
    created: (room_id, owner) =>
      void rooms.push({ room_id, owner, members: new Set([owner]), deleted: false, sent: [], invites: [] }),
    opened: (room_id, members) =>
      void rooms.push({
        room_id,
        owner: '',
        members: new Set(members),
        deleted: false,
        sent: [],
        invites: [],
        direct: true,
      }),
    servers,
    links,
    database,
    redis,
    proxies,
    setClock: offset_ms => writeFileSync(clock, String(offset_ms)),
    async openStore() {
      await stopServers()
      const log = { error() {}, warn() {} } as never
      if (!database) return openEmbedded(join(folder, 'data'), log)
      const client = await new MongoClient(database.uri).connect()
      ends.push(() => client.close())
      return (await loadMongo()).openMongo(client.db(name), log)
    },
    async stop() {
      for (const end of ends.reverse()) await end()
    },
  }
  return world
}
