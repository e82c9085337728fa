import { setTimeout as wait } from 'node:timers/promises'
import { takeSeats } from './accounts.js'
import { Audience } from './audience.js'
import { type Client, join } from './client.js'
import { type Dialect, type DialectName, dialects } from './dialects.js'
import { cpuOf, cpuOfAll, memoryOf } from './host.js'
import type { Load } from './loads.js'

/** What the generator is told. */
export interface Job {
  load: Load
  dialect: DialectName
  port: number
  /** Of the server, on this machine. */
  pid: number
  /** Of the measured part. */
  seconds: number
  /** Of the load before it, so that compilers have done their work; as long a rest is before and after the joins. */
  warm_seconds: number
}

/** What it found. */
export interface Figures {
  /** Of the server, all its threads, per message that reached a receiver; null under an idle load. */
  cpu_us: number | null
  /** From just before a send to its receipt, ms; null when nothing was received. */
  p50_ms: number | null
  p99_ms: number | null
  /** What was sent, as a share of what the load asks for: under 1 when the server could not keep up. */
  reached: number | null
  delivered: number
  lost: number
  out_of_order: number
  unacknowledged: number
  /** Resident memory for each socket, bytes; null unless the load is idle. */
  socket_bytes: number | null
  /** Of one core, before the first socket and with all of them; null unless the load is idle. */
  cpu_without_sockets: number | null
  cpu_with_sockets: number | null
  /** Of its core: near 1 it is the generator that was measured. */
  generator_busy: number
  /** Cores that other processes used meanwhile. */
  others: number
}

const JOINING_AT_ONCE = 50
/** Unacknowledged messages beyond which the generator sends none: what is said in this time, or this many. */
const UNACKNOWLEDGED_S = 0.25
const UNACKNOWLEDGED_MIN = 100
const TICK_MS = 1
/** For what is still on its way at the end. */
const LAST_MAX_MS = 30_000

/** Runs a job. @throws when a socket is refused or closed, or the server answers with an error */
export async function drive(job: Job): Promise<Figures> {
  const { load, port, pid, seconds, warm_seconds } = job
  const dialect: Dialect = dialects[job.dialect]
  const total_rate = load.rate * load.rooms
  const audience = new Audience(load, Math.ceil(total_rate * (warm_seconds + seconds + 1)) + 1)
  const seats = await takeSeats(load, job.dialect === 'ours' ? port : null)
  let acks = 0
  const failures: Error[] = []

  await wait(warm_seconds * 1000)
  const memory_before = memoryOf(pid)
  const alone = total_rate === 0 ? await during(pid, seconds) : null

  const clients = await joinAll()
  await wait(warm_seconds * 1000)
  let figures: Pick<Figures, 'cpu_us' | 'reached' | 'cpu_with_sockets' | 'generator_busy' | 'others'>
  if (total_rate === 0) {
    const { cpu, busy, others } = await during(pid, seconds)
    figures = { cpu_us: null, reached: null, cpu_with_sockets: cpu, generator_busy: busy, others }
  } else figures = await talk()
  if (failures[0]) throw failures[0]
  const socket_bytes = total_rate === 0 ? (memoryOf(pid) - memory_before) / clients.length : null
  for (const client of clients) client.end()

  return {
    ...figures,
    p50_ms: audience.percentile(0.5),
    p99_ms: audience.percentile(0.99),
    delivered: audience.delivered,
    lost: audience.missing,
    out_of_order: audience.out_of_order,
    unacknowledged: audience.sent - acks,
    socket_bytes,
    cpu_without_sockets: alone?.cpu ?? null,
  }

  async function joinAll() {
    const joined: Client[] = []
    const places = seats.flatMap((room, index) => {
      const hint = { at: 0 }
      return room.map(seat => ({ seat, index, hint }))
    })
    for (let first = 0; first < places.length; first += JOINING_AT_ONCE) {
      const joining = places.slice(first, first + JOINING_AT_ONCE).map(({ seat, index, hint }, i) =>
        join(port, dialect, seat, hint, {
          message: (n, now) => audience.receive(index, first + i, n, now),
          ack: () => acks++,
          fail: error => failures.push(error),
        }),
      )
      joined.push(...(await Promise.all(joining)))
    }
    return joined
  }

  /** The load, warm and then measured; and what is still under way then. */
  async function talk() {
    const window = Math.max(UNACKNOWLEDGED_MIN, total_rate * UNACKNOWLEDGED_S)
    const start = performance.now()
    let skipped = 0
    const timer = setInterval(() => {
      const now = performance.now()
      const due = Math.floor(((now - start) / 1000) * total_rate) - skipped
      while (audience.sent < due) {
        // A server that cannot keep up is not asked for more later: what was not sent in time is left out.
        if (audience.sent - acks >= window) {
          skipped += due - audience.sent
          break
        }
        clients[audience.sender(audience.sent)]?.send(audience.send(performance.now()))
      }
    }, TICK_MS)
    try {
      await wait(warm_seconds * 1000)
      audience.measured_from = audience.sent
      const delivered_before = audience.delivered
      const { cpu, busy, others, took } = await during(pid, seconds)
      const delivered = audience.delivered - delivered_before
      const sent = audience.sent - audience.measured_from
      clearInterval(timer)
      const last = performance.now() + LAST_MAX_MS
      while (failures.length === 0 && (audience.missing > 0 || acks < audience.sent) && performance.now() < last)
        await wait(20)
      return {
        cpu_us: delivered === 0 ? null : (cpu * took * 1e6) / delivered,
        reached: sent / (total_rate * took),
        cpu_with_sockets: null,
        generator_busy: busy,
        others,
      }
    } finally {
      clearInterval(timer)
    }
  }
}

/** Cores that a process, this one and all others use in some seconds from now. */
async function during(pid: number, seconds: number) {
  const look = () => ({ at: performance.now() / 1000, server: cpuOf(pid), own: cpuOf(process.pid), all: cpuOfAll() })
  const before = look()
  await wait(seconds * 1000)
  const after = look()
  const took = after.at - before.at
  const cpu = (after.server - before.server) / took
  const busy = (after.own - before.own) / took
  return { took, cpu, busy, others: Math.max(0, (after.all - before.all) / took - cpu - busy) }
}
