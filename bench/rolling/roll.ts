import { randomUUID } from 'node:crypto'
import { WebSocket } from 'ws'
import { createConnection, createHttp, type SocketConstructor } from '../../static/client/index.js'
import { startRedis } from '../../test/redis.js'
import { startMongo } from '../../test/services.js'
import { readHistory } from '../replay/history.js'
import { type ServerProcess, startServer } from '../replay/server.js'
import { startBalancer } from './balancer.js'

/** Sockets that are opened at once. */
const AT_ONCE = 50
const ROOM = 'default'

interface RollOptions {
  servers: number
  /** Sockets that are only there. */
  sockets: number
  senders: number
  /** Messages that each sender sends at once, all senders in the same moment. */
  burst: number
  /** From one burst to the next; what has not got its acks by then misses it. */
  pause_ms: number
  drain_ms: number
  progress(line: string): void
}

export interface Figures {
  acknowledged: number
  /** Acknowledged, but not in the history, or not told to who follows the room. */
  lost: number
  doubled: number
  out_of_order: number
  /** Servers that were killed instead of ending by themselves. */
  cut_off: number
  reconnects: number
  /** The shortest, over all restarts, of the times in which all but the first and the last 1 % came back, in % of the drain. */
  spread_percent: number
  /** The most that came back in one tenth of the drain's time, in % of all that came back; 10 is even. */
  fullest_tenth_percent: number
  /** The longest that a sender waited for an ack. */
  ack_max_ms: number
}

/** Restarts one server after the other under load, and compares what was acknowledged with what is there. */
export async function roll(options: RollOptions): Promise<Figures> {
  const { progress, drain_ms } = options
  const ends: (() => unknown)[] = []
  try {
    const database = await startMongo()
    ends.push(() => database.stop())
    const redis = await startRedis({ teardown: (work: () => unknown) => ends.push(work) })
    const common = {
      MONGODB_URI: database.uri,
      MONGODB_DATABASE: `rolling_${randomUUID().slice(0, 8)}`,
      JWT_SECRET: randomUUID(),
      REDIS_ADDR: redis.address,
      DRAIN_MS: String(drain_ms),
    }
    const servers: ServerProcess[] = []
    for (let n = 0; n < options.servers; n++) {
      const server = await startServer(common)
      ends.push(() => server.stop())
      servers.push(server)
    }
    const balancer = await startBalancer(servers.map(({ base_url }) => base_url))
    ends.push(() => balancer.close())
    progress(`${options.servers} servers behind one address`)
    return await load(balancer.base_url, servers, options, end => ends.push(end))
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

async function load(
  base_url: string,
  servers: ServerProcess[],
  { sockets, senders, burst, drain_ms, pause_ms, progress }: RollOptions,
  onEnd: (end: () => unknown) => void,
): Promise<Figures> {
  const tokens: string[] = []
  for (let n = 0; n < senders; n++) {
    const { token } = await createHttp({ base_url }).register({ username: `user-${n}`, password: 'correct horse' })
    tokens.push(token)
  }
  /** When a socket that had been open was open again. */
  const returns: number[] = []
  let open_now = 0

  function connect(n: number) {
    let opened = false
    let isOpen = false
    let ready = () => {}
    const open = new Promise<void>(resolve => {
      ready = resolve
    })
    const connection = createConnection({
      base_url,
      WebSocket: WebSocket as unknown as SocketConstructor,
      token: () => tokens[n % tokens.length] as string,
      in_flight_max: burst,
      on_state({ name }) {
        if (isOpen) open_now--
        isOpen = name === 'open'
        if (!isOpen) return
        open_now++
        if (opened) returns.push(performance.now())
        opened = true
        ready()
      },
    })
    onEnd(() => connection.close())
    return { connection, open }
  }

  for (let n = 0; n < sockets; n += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, sockets - n) }, (_, i) => connect(n + i).open))
  }
  progress(`${sockets} sockets are open`)

  // It follows from before the first message on, else it could be waited for in vain.
  const seen: number[] = []
  const { connection: observer } = connect(0)
  await new Promise<void>(resolve => {
    observer.subscribe(ROOM, { start: () => resolve(), event: ({ seq }) => seen.push(seq) })
  })

  const acked = new Map<string, number>()
  let ack_max_ms = 0
  let isOver = false
  const talking = Array.from({ length: senders }, (_, n) => connect(n)).map(async ({ connection }, n) => {
    const send = async (text: string) => {
      const began = performance.now()
      const { client_id, ack } = connection.send(ROOM, text)
      acked.set(client_id, (await ack).seq)
      ack_max_ms = Math.max(ack_max_ms, performance.now() - began)
    }
    for (let i = 0; !isOver; i++) {
      await new Promise(resolve => setTimeout(resolve, pause_ms - (performance.now() % pause_ms)))
      await Promise.all(Array.from({ length: burst }, (_, k) => send(`${n}:${i}:${k}`)))
    }
  })

  let cut_off = 0
  const spreads: number[] = []
  const tenths: number[] = []
  let reconnects = 0
  const all = sockets + senders + 1
  const everybodyIsBack = async () => {
    while (open_now < all) await new Promise(resolve => setTimeout(resolve, 20))
  }
  await everybodyIsBack()
  for (const [n, server] of servers.entries()) {
    returns.length = 0
    if ((await server.restart()) !== 0) cut_off++
    await everybodyIsBack()
    const times = [...returns].sort((a, b) => a - b)
    reconnects += times.length
    const at = (share: number) => times[Math.floor(share * (times.length - 1))] as number
    spreads.push(((at(0.99) - at(0.01)) / drain_ms) * 100)
    const counts = new Map<number, number>()
    for (const time of times) {
      const tenth = Math.floor(((time - at(0)) / drain_ms) * 10)
      counts.set(tenth, (counts.get(tenth) ?? 0) + 1)
    }
    tenths.push((Math.max(...counts.values()) / times.length) * 100)
    progress(`server ${n + 1} restarted: ${times.length} came back within ${Math.round(at(1) - at(0))} ms`)
  }
  isOver = true
  await Promise.all(talking)

  const history = await readHistory(createHttp({ base_url, token: () => tokens[0] }), ROOM)
  const seqs = new Map(history.map(({ client_id, id }) => [client_id, id]))
  const last = history.at(-1)?.id ?? 0
  while ((seen.at(-1) ?? 0) < last) await new Promise(resolve => setTimeout(resolve, 20))
  const shown = new Set(seen)
  return {
    acknowledged: acked.size,
    lost: [...acked].filter(([client_id, seq]) => seqs.get(client_id) !== seq || !shown.has(seq)).length,
    doubled: history.length - seqs.size,
    out_of_order: seen.filter((seq, index) => index > 0 && seq !== (seen[index - 1] as number) + 1).length,
    cut_off,
    reconnects,
    spread_percent: Math.round(Math.min(...spreads)),
    fullest_tenth_percent: Math.round(Math.max(...tenths)),
    ack_max_ms: Math.round(ack_max_ms),
  }
}
