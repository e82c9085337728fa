import { WebSocket } from 'ws'
import type { Message } from '../../schemas/message.js'
import { limits } from '../../schemas/wire.js'
import {
  type Connection,
  createConnection,
  createHttp,
  type Http,
  type SocketConstructor,
} from '../../static/client/index.js'
import { startCluster } from './cluster.js'
import { startServer } from './server.js'

/** One message of a recorded talk, in the order said within its room. */
export interface Said {
  room: string
  username: string
  text: string
}

export interface ReplayOptions {
  /** How often the server is killed on the way; several servers are disturbed all the time instead. */
  kills: number
  /** 1, on the embedded store; or several, on MongoDB and Redis, with users that move from one to another. */
  servers: number
  /** Sockets that follow each room from the beginning to the end. */
  observers: number
  /** Random two-character parts of Korean words that are searched for afterwards. */
  searches: number
  progress?: (line: string) => void
}

/** Requests of the preparation that are under way at once. */
const AT_ONCE = 24
const PASSWORD = 'replayed talk'

/** What was said in one room, and what became of it. */
interface Replayed {
  room_id: string
  said: Said[]
  /** client_id of each message, in the order said. */
  client_ids: string[]
  /** When each message was acknowledged, by client_id. */
  acked_at: Map<string, number>
  /** client_ids of the messages that each observer was told of, in that order, and when. */
  observed: { client_id: string; at: number }[][]
}

/** The servers of a replay: one that is killed now and then, or several that things happen to. */
async function startServers(count: number) {
  if (count > 1) return { one: null, ...(await startCluster(count)) }
  const one = await startServer()
  return { one, base_urls: [one.base_url], disturb: null, stop: () => one.stop() }
}

/**
 * One user's way to the servers: a random one at first, and another after each loss, as behind a load balancer.
 * @returns a constructor of sockets, and what loses the connection
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
 * Says everything again: each message by its own user over that user's own socket, each room in the order it was said.
 * Then reads the whole history and compares.
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
      const observed = watchers.map(username => observe(connectionOf(username), id))
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
            progress('everybody moves to another server')
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
    let behind_ms = 0
    const figures = { lost: 0, doubled: 0, out_of_order: 0, altered: 0, observed_wrongly: 0 }
    for (const room of replayed) {
      await until(() => room.observed.every(heard => heard.length >= room.said.length))
      const history = await readAll(reader, room.room_id)
      const found = compare(room, history)
      for (const name of ['lost', 'doubled', 'out_of_order', 'altered'] as const) figures[name] += found[name]
      const expected = room.client_ids.join()
      figures.observed_wrongly += room.observed.filter(
        heard => heard.map(({ client_id }) => client_id).join() !== expected,
      ).length
      behind_ms = Math.max(behind_ms, ...room.observed.map(heard => furthestBehind(room.acked_at, heard)))
    }

    let searches_incomplete = 0
    const [korean] = replayed
    const parts = korean ? pickParts(korean.said, options.searches) : []
    if (parts.length > 0) progress(`searching for ${parts.length} parts of words`)
    const searching = performance.now()
    for (const part of parts) {
      const { room_id, said } = korean as Replayed
      const expected = said.filter(({ text }) => text.includes(part)).length
      if ((await countHits(reader, room_id, part)) !== expected) searches_incomplete++
    }

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
      furthest_behind_ms: round(behind_ms),
      ...figures,
      searches: parts.length,
      search_mean_ms: parts.length > 0 ? round((seconds(searching) * 1000) / parts.length) : 0,
      searches_incomplete,
    }
  } finally {
    for (const connection of connections.values()) connection.close()
    await servers.stop()
  }
}

function observe(connection: Connection, room_id: string): Replayed['observed'][number] {
  const heard: Replayed['observed'][number] = []
  connection.subscribe(room_id, {
    start() {},
    event(event) {
      if (event.type === 'message') heard.push({ client_id: event.client_id, at: performance.now() })
    },
  })
  return heard
}

/** The longest time from a message's ack to when an observer was told of it, ms. */
function furthestBehind(acked_at: Map<string, number>, heard: Replayed['observed'][number]): number {
  return heard.reduce((most, { client_id, at }) => Math.max(most, at - (acked_at.get(client_id) ?? at)), 0)
}

async function readAll(http: Http, room_id: string): Promise<Message[]> {
  const messages: Message[] = []
  for (;;) {
    const page = await http.messages(room_id, { after: messages.at(-1)?.id ?? 0, limit: limits.PAGE_MAX })
    messages.push(...page.messages)
    if (!page.has_more) return messages
  }
}

/** What the history holds, against what was said. */
function compare({ said, client_ids }: Replayed, history: Message[]) {
  const places = new Map(client_ids.map((client_id, place) => [client_id, place]))
  const seen = new Set<string>()
  const figures = { lost: 0, doubled: 0, out_of_order: 0, altered: 0 }
  let last = -1
  for (const { client_id, text, username } of history) {
    const place = places.get(client_id)
    if (place === undefined || seen.has(client_id)) {
      figures.doubled++
      continue
    }
    seen.add(client_id)
    if (place < last) figures.out_of_order++
    last = place
    if (text !== said[place]?.text || username !== said[place]?.username) figures.altered++
  }
  figures.lost = client_ids.length - seen.size
  return figures
}

/** Two neighbouring Hangul syllables of random messages; none where nobody wrote Korean. */
function pickParts(said: Said[], count: number): string[] {
  const parts = said.flatMap(({ text }) => text.match(/[가-힣]{2}/g) ?? [])
  return Array.from({ length: parts.length > 0 ? count : 0 }, () => {
    return parts[Math.floor(Math.random() * parts.length)] as string
  })
}

async function countHits(http: Http, room_id: string, q: string): Promise<number> {
  let hits = 0
  let before: number | undefined
  do {
    const page = await http.search(room_id, { q, limit: limits.PAGE_MAX, ...(before !== undefined && { before }) })
    hits += page.messages.length
    before = page.next_before
  } while (before !== undefined)
  return hits
}

async function inParallel<T>(items: T[], work: (item: T) => Promise<void>) {
  const rest = items.values()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const item of rest) await work(item)
    }),
  )
}

/** Waits while observers that lag behind are brought up to date; they are counted as wrong where they are not. */
async function until(holds: () => boolean) {
  for (let tries = 0; tries < 200 && !holds(); tries++) await new Promise(resolve => setTimeout(resolve, 50))
}

const round = (value: number) => Math.round(value * 100) / 100
const seconds = (since: number) => round((performance.now() - since) / 1000)
const quantile = (sorted: number[], q: number) =>
  round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0)
