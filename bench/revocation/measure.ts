import { randomUUID } from 'node:crypto'
import { WebSocket } from 'ws'
import { BEARER_PREFIX, closeCodes, SUBPROTOCOL } from '../../schemas/wire.js'
import { createAdminHttp } from '../../static/client/admin-http.js'
import { createHttp } from '../../static/client/index.js'
import { type RedisServer, startRedis } from '../../test/support/redis.js'
import { type Database, startMongo } from '../../test/support/services.js'
import { type ServerProcess, startServer } from '../replay/server.js'

/** State of the bus during a measurement; `silent` means that Redis was paused just before, with open connections. */
const buses = ['working', 'killed', 'silent'] as const
type Bus = (typeof buses)[number]

export interface MeasureOptions {
  /** Tries of each kind for each state of the bus. */
  tries: number
  /** How often a server with users is killed. */
  deaths: number
  progress(line: string): void
}

export interface Measured {
  what: string
  /** Times from the request until a user's socket on another server was told, ms. */
  took_ms: number[]
  bound_ms: number
}

/** Timeout; a longer time counts as infinite. */
const GIVE_UP_MS = 30_000
/** The bounds promised in docs/reliability.md. */
const BOUND_MS = { working: 1000, killed: 3000, silent: 3000, death: 12_000 }
const PASSWORD = 'correct horse battery'

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** Measures how fast the end of a session, membership or room takes effect on other servers. */
export async function measure({ tries, deaths, progress }: MeasureOptions): Promise<Measured[]> {
  const database = await startMongo()
  const measured: Measured[] = []
  try {
    for (const bus of buses) {
      await onServers(database, 2, async (servers, redis) => {
        measured.push(...(await endings(bus, servers, redis, tries, progress)))
      })
    }
    await onServers(database, 3, async servers => {
      measured.push(...(await deathsOf(servers, deaths, progress)))
    })
    return measured
  } finally {
    await database.stop()
  }
}

/** Runs a function on new servers with Redis and an empty database, because FerretDB scans the whole database. */
async function onServers(
  database: Database,
  count: number,
  work: (servers: ServerProcess[], redis: RedisServer) => Promise<void>,
) {
  const ends: (() => unknown)[] = []
  try {
    const redis = await startRedis({ teardown: end => ends.push(end) })
    const common = {
      MONGODB_URI: database.uri,
      MONGODB_DATABASE: `revocation_${randomUUID().slice(0, 8)}`,
      JWT_SECRET: randomUUID(),
      REDIS_ADDR: redis.address,
    }
    const servers: ServerProcess[] = []
    for (let n = 0; n < count; n++) {
      const server = await startServer(common)
      ends.push(() => server.stop())
      servers.push(server)
    }
    await work(servers, redis)
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

/** A new user with an HTTP client for one server. */
async function user({ base_url }: ServerProcess, username: string) {
  const { token } = await createHttp({ base_url }).register({ username, password: PASSWORD })
  return { username, token, http: createHttp({ base_url, token: () => token }) }
}

interface Frame {
  type: string
  username?: string
  online?: boolean
}

/** Resolves when subscribed to the room. */
async function follow({ base_url }: ServerProcess, room_id: string, token: string) {
  const url = `${base_url.replace('http', 'ws')}/rooms/${room_id}/ws`
  const ws = new WebSocket(url, [SUBPROTOCOL, BEARER_PREFIX + token])
  const frames: (Frame & { at: number })[] = []
  const closed = new Promise<number>(resolve => ws.on('close', resolve))
  await new Promise<void>((resolve, reject) => {
    ws.on('message', bytes => {
      frames.push({ ...(JSON.parse(bytes.toString()) as Frame), at: performance.now() })
      resolve()
    })
    ws.on('error', reject)
    ws.on('close', code => reject(new Error(`The socket closed with code ${code}`)))
  })
  return { ws, frames, closed }
}

/** @returns the time until the socket was closed, or Infinity if it stayed open or had another close code */
async function timeOf(closed: Promise<number>, expected: number, ask: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  const [ended] = await Promise.all([
    Promise.race([closed.then(code => ({ code, ms: performance.now() - began })), pause(GIVE_UP_MS)]),
    ask(),
  ])
  return ended && (ended as { code: number }).code === expected
    ? (ended as { ms: number }).ms
    : Number.POSITIVE_INFINITY
}

async function endings(
  bus: Bus,
  servers: ServerProcess[],
  redis: RedisServer,
  tries: number,
  progress: (line: string) => void,
): Promise<Measured[]> {
  const [here, there] = servers as [ServerProcess, ServerProcess]
  const owner = await user(here, 'owner')
  const bob = await user(here, 'bob')
  const anonymous = createHttp({ base_url: here.base_url })

  async function roomWithBob(n: number) {
    const { id } = await owner.http.createRoom({ name: `Room ${n}` })
    await owner.http.addMember(id, bob.username)
    return { id, ...(await follow(there, id, bob.token)) }
  }
  async function guest(n: number) {
    const one = await user(here, `guest-${n}`)
    return { ...one, ...(await follow(there, 'default', one.token)) }
  }
  const kinds: Record<string, (n: number) => Promise<{ closed: Promise<number>; code: number; ask(): Promise<void> }>> =
    {
      async logout() {
        const { token } = await anonymous.login({ username: bob.username, password: PASSWORD })
        const { closed } = await follow(there, 'default', token)
        const { logout } = createHttp({ base_url: here.base_url, token: () => token })
        return { closed, code: closeCodes.unauthorized.code, ask: logout }
      },
      async removal(n) {
        const { id, closed } = await roomWithBob(n)
        return { closed, code: closeCodes.not_member.code, ask: () => owner.http.removeMember(id, bob.username) }
      },
      async ban(n) {
        const { id, closed } = await roomWithBob(n)
        return { closed, code: closeCodes.not_member.code, ask: () => owner.http.ban(id, bob.username) }
      },
      async 'account block'(n) {
        const { username, closed } = await guest(n)
        const { block } = createAdminHttp(owner.http.sender)
        return { closed, code: closeCodes.unauthorized.code, ask: () => block(username) }
      },
      async 'account deletion'(n) {
        const { http, closed } = await guest(n)
        const ask = () => http.deleteAccount({ password: PASSWORD, messages: 'keep' })
        return { closed, code: closeCodes.unauthorized.code, ask }
      },
      async 'room deletion'(n) {
        const { id, closed } = await roomWithBob(n)
        return { closed, code: closeCodes.room_gone.code, ask: () => owner.http.deleteRoom(id) }
      },
    }

  async function untilPath(path: 'fast' | 'slow') {
    for (const { base_url } of servers) {
      const is = async () => ((await createHttp({ base_url }).ready()) as { path: string }).path
      while ((await is()) !== path) await pause(50)
    }
  }
  await untilPath('fast')
  if (bus === 'killed') {
    await redis.kill()
    await untilPath('slow')
  }
  const measured: Measured[] = []
  let rooms = 0
  for (const [kind, prepare] of Object.entries(kinds)) {
    const took_ms: number[] = []
    for (let n = 0; n < tries; n++) {
      const { closed, code, ask } = await prepare(rooms++)
      // Random, because otherwise every try would start right after the poll that found the previous one.
      await pause(Math.random() * 1000)
      if (bus === 'silent') redis.pause()
      took_ms.push(await timeOf(closed, code, ask))
      if (bus === 'silent') {
        redis.resume()
        await untilPath('fast')
      }
    }
    measured.push({ what: `${kind}, bus ${bus}`, took_ms, bound_ms: BOUND_MS[bus] })
    progress(`${kind}, bus ${bus}: ${tries} tries`)
  }
  return measured
}

/** Kills a server on which one user has their only tab and another user has one of two tabs. */
async function deathsOf(servers: ServerProcess[], deaths: number, progress: (line: string) => void) {
  const [here, there, dying] = servers as [ServerProcess, ServerProcess, ServerProcess]
  const [watcher, bob, cho] = [await user(here, 'watcher'), await user(here, 'bob'), await user(here, 'cho')]
  const { frames } = await follow(here, 'default', watcher.token)
  const told = (username: string, online: boolean, since: number) =>
    frames.find(frame => frame.username === username && frame.online === online && frame.at > since)
  await follow(there, 'default', cho.token)
  const offline: number[] = []
  const stayed: number[] = []
  for (let n = 0; n < deaths; n++) {
    const came_at = performance.now()
    await follow(dying, 'default', bob.token)
    await follow(dying, 'default', cho.token)
    while (!told('bob', true, came_at) || !frames.some(({ username }) => username === 'cho')) await pause(50)
    // Random, so that the time since the last renewal of the lease varies.
    await pause(Math.random() * 4000)
    const died_at = performance.now()
    await dying.killAndRestart()
    while (!told('bob', false, died_at) && performance.now() - died_at < GIVE_UP_MS) await pause(50)
    offline.push((told('bob', false, died_at)?.at ?? Number.POSITIVE_INFINITY) - died_at)
    // By then the other servers have removed the dead server's users.
    await pause(2000)
    stayed.push(told('cho', false, came_at) ? Number.POSITIVE_INFINITY : 0)
    progress(`server killed with users on it: ${n + 1} of ${deaths}`)
  }
  return [
    { what: 'offline after a server’s death', took_ms: offline, bound_ms: BOUND_MS.death },
    { what: 'away, with a tab elsewhere', took_ms: stayed, bound_ms: 0 },
  ]
}
