import { WebSocket } from 'ws'
import { type Connection, createConnection, createHttp, type SocketConstructor } from '../../static/client/index.js'
import { startCluster } from './cluster.js'
import { compareAll, type Heard, type Replayed, type Said, searchAll } from './compare.js'
import { startServer } from './server.js'

interface ReplayOptions {
  /** How often the single server is killed; several servers are disrupted all the time instead. */
  kills: number
  /** 1 on the embedded store, or several on MongoDB and Redis, with users moving between them. */
  servers: number
  /** Sockets that follow each room from start to end. */
  observers: number
  /** Random two-character parts of Korean words that are searched for afterwards. */
  searches: number
  progress?: (line: string) => void
}

/** Concurrent requests during preparation. */
const AT_ONCE = 24
const PASSWORD = 'replayed talk'

/** The servers of a replay: one that is killed repeatedly, or several with faults injected. */
async function startServers(count: number) {
  if (count > 1) return { one: null, ...(await startCluster(count)) }
  const one = await startServer()
  return { one, base_urls: [one.base_url], disturb: null, stop: () => one.stop() }
}

/**
 * Picks a random server for a user, and another one after each lost connection, like a load balancer.
 * @returns a socket class, and a function that drops the connection
 */
function wayOf(base_urls: string[]) {
  let at = Math.floor(Math.random() * base_urls.length)
  let socket: WebSocket | undefined
  class Moving extends WebSocket {
    constructor(address: string, protocols: string[]) {
      super(address.replace(/^ws:\/\/[^/]+/, (base_urls[at] as string).replace(/^http/, 'ws')), protocols)
      socket = this
      this.on('close', () => {
        at = (at + 1) % base_urls.length
      })
    }
  }
  return { Socket: Moving as unknown as SocketConstructor, move: () => socket?.terminate() }
}

/**
 * Sends every recorded message again, each over its author's own socket and in the order of its room. Then compares the
 * whole history with the recording.
 */
export async function replay(talk: Said[], options: ReplayOptions) {
  const progress = options.progress ?? (() => {})
  const servers = await startServers(options.servers)
  const { base_urls } = servers
  const [base_url] = base_urls as [string]
  const tokens = new Map<string, string>()
  const connections = new Map<string, Connection>()
  const ways = new Map<string, ReturnType<typeof wayOf>>()
  const httpOf = (username: string) => createHttp({ base_url, token: () => tokens.get(username) })

  function connectionOf(username: string): Connection {
    const known = connections.get(username)
    if (known) return known
    const way = wayOf(base_urls)
    ways.set(username, way)
    const connection = createConnection({
      base_url,
      WebSocket: way.Socket,
      token: () => tokens.get(username) as string,
      backoff: { base_ms: 100, cap_ms: 2000 },
    })
    connections.set(username, connection)
    return connection
  }

  const rooms = new Map<string, Said[]>()
  for (const message of talk) {
    const said = rooms.get(message.room) ?? []
    rooms.set(message.room, said)
    said.push(message)
  }
  const watchers = Array.from({ length: options.observers }, (_, index) => `observer-${index + 1}`)
  const users = [...new Set(talk.map(({ username }) => username)), ...watchers]

  try {
    progress(`registering ${users.length} users`)
    const registering = performance.now()
    await inParallel(users, async username => {
      const { token } = await httpOf(username).register({ username, password: PASSWORD })
      tokens.set(username, token)
    })
    const registration_s = seconds(registering)

    progress(`making ${rooms.size} rooms`)
    const replayed: Replayed[] = []
    for (const [name, said] of rooms) {
      const members = [...new Set(said.map(({ username }) => username)), ...watchers]
      const [owner, ...others] = members as [string, ...string[]]
      const { id } = await httpOf(owner).createRoom({ name })
      await inParallel(others, async username => void (await httpOf(username).join(id)))
      // Observers must be subscribed before the first message, or they would rightly miss it.
      const observed = await Promise.all(
        watchers.map(username =>
          observe(connectionOf(username), id, seq => progress(`${username} was reset to ${seq}`)),
        ),
      )
      replayed.push({ room_id: id, said, client_ids: [], acked_at: new Map(), observed })
    }

    progress(`saying ${talk.length} messages`)
    const acks_ms: number[] = []
    const started = performance.now()
    let count = 0
    let kills = 0
    let moved = 0
    let restarting: Promise<void> = Promise.resolve()
    const mend = servers.disturb?.(progress)
    await Promise.all(
      replayed.map(async ({ room_id, said, client_ids, acked_at }) => {
        for (const { username, text } of said) {
          const sent = performance.now()
          const { client_id, ack } = connectionOf(username).send(room_id, text)
          client_ids.push(client_id)
          await ack
          const now = performance.now()
          acks_ms.push(now - sent)
          acked_at.set(client_id, now)
          count++
          if (count === Math.floor(talk.length / 2) && base_urls.length > 1) {
            progress('moving all users to another server')
            for (const { move } of ways.values()) move()
            moved = ways.size
          }
          if (servers.one && kills < options.kills && count >= (talk.length * (kills + 1)) / (options.kills + 1)) {
            kills++
            progress(`killing the server after ${count} messages`)
            restarting = restarting.then(() => servers.one?.killAndRestart())
          }
        }
      }),
    )
    await restarting
    const replay_s = seconds(started)
    const disturbed = await mend?.()

    progress('reading the history')
    const reader = httpOf(watchers[0] ?? (users[0] as string))
    const { furthest_behind_ms, ...figures } = await compareAll(replayed, reader, watchers, progress)
    progress('searching for parts of words')
    const searching = performance.now()
    const [korean] = replayed
    const searched = korean
      ? await searchAll(korean, reader, options.searches)
      : { searches: 0, searches_incomplete: 0 }
    const search_s = seconds(searching)

    acks_ms.sort((a, b) => a - b)
    return {
      messages: talk.length,
      users: users.length,
      servers: base_urls.length,
      kills: disturbed?.kills ?? kills,
      faults: disturbed?.faults ?? 0,
      moved,
      registration_s,
      replay_s,
      messages_per_s: Math.round(talk.length / replay_s),
      ack_p50_ms: quantile(acks_ms, 0.5),
      ack_p99_ms: quantile(acks_ms, 0.99),
      furthest_behind_ms: round(furthest_behind_ms),
      ...figures,
      ...searched,
      search_mean_ms: searched.searches > 0 ? round((search_s * 1000) / searched.searches) : 0,
    }
  } finally {
    for (const connection of connections.values()) connection.close()
    await servers.stop()
  }
}

/** Resolves when subscribed to the room. @param restarted called if the subscription is reset later */
function observe(connection: Connection, room_id: string, restarted: (seq: number) => void): Promise<Heard[]> {
  const heard: Heard[] = []
  return new Promise(resolve => {
    let isFollowing = false
    connection.subscribe(room_id, {
      start(seq) {
        if (isFollowing) restarted(seq)
        isFollowing = true
        resolve(heard)
      },
      event(event) {
        if (event.type === 'message') heard.push({ client_id: event.client_id, at: performance.now() })
      },
    })
  })
}

async function inParallel<T>(items: T[], work: (item: T) => Promise<void>) {
  const rest = items.values()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const item of rest) await work(item)
    }),
  )
}

const round = (value: number) => Math.round(value * 100) / 100
const seconds = (since: number) => round((performance.now() - since) / 1000)
const quantile = (sorted: number[], q: number) =>
  round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0)
