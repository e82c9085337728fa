/** Measures the commits of the embedded store, including search terms: `node build/bench/store.js`. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { openEmbedded, type Store } from '../plugins/store/index.js'
import type { StoredEvent } from '../schemas/event.js'

const RUN_MS = 2000
const SENDERS = 200
const WORDS = Array.from({ length: 5000 }, () =>
  randomBytes(4)
    .toString('hex')
    .slice(0, 2 + Math.floor(Math.random() * 7)),
)

/** About 200 bytes of text with natural word frequencies: few very common words, most of them rare. */
function text(): string {
  const words: string[] = []
  for (let length = 0; length < 200; ) {
    const word = WORDS[Math.floor(WORDS.length * Math.random() ** 3)] as string
    words.push(word)
    length += word.length + 1
  }
  return words.join(' ')
}
const TEXTS = Array.from({ length: 5000 }, text)

/** A UUIDv7, like the client generates. */
function clientId(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  const random = randomBytes(10).toString('hex')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-8${random.slice(3, 6)}-${random.slice(6, 18)}`
}

function message(room_id: string, seq: number): StoredEvent {
  return {
    room_id,
    seq,
    type: 'message',
    username: `sender-${seq % SENDERS}`,
    client_id: clientId(),
    created_at: new Date().toISOString(),
    text: TEXTS[seq % TEXTS.length] as string,
  }
}

/** Appends batches to a room one after the other, until the time is up. */
async function fill(store: Store, room_id: string, batch: number, until: number, took: number[]) {
  let head = 0
  while (performance.now() < until) {
    const events = Array.from({ length: batch }, (_, i) => message(room_id, head + 1 + i))
    const start = performance.now()
    await store.append(room_id, head, events)
    took.push(performance.now() - start)
    head += batch
  }
  return head
}

async function measure(rooms: number, batch: number) {
  const folder = mkdtempSync(join(tmpdir(), 'store-bench-'))
  const store = await openEmbedded(folder, console)
  const took: number[] = []
  const idle = performance.eventLoopUtilization()
  const start = performance.now()
  const fills = Array.from({ length: rooms }, (_, i) => fill(store, `room-${i}`, batch, start + RUN_MS, took))
  const rows = (await Promise.all(fills)).reduce((sum, n) => sum + n)
  const seconds = (performance.now() - start) / 1000
  const { utilization } = performance.eventLoopUtilization(idle)
  const indexing = performance.now()
  await Promise.all(
    Array.from({ length: rooms }, (_, i) => store.searchTerms(`room-${i}`, ['a'], { before: 1, limit: 1 })),
  )
  const rest = performance.now() - indexing
  await store.close()
  rmSync(folder, { recursive: true })
  took.sort((a, b) => a - b)
  return {
    rooms,
    batch,
    'rows/s': Math.round(rows / seconds),
    'append p50 ms': round(took[took.length >> 1]),
    'append p99 ms': round(took[Math.floor(took.length * 0.99)]),
    'main thread busy %': Math.round(utilization * 100),
    'index behind, ms': Math.round(rest),
  }
}

const round = (ms = 0) => Math.round(ms * 100) / 100

const results = []
for (const rooms of [1, 50]) for (const batch of [1, 10, 100]) results.push(await measure(rooms, batch))
console.table(results)
