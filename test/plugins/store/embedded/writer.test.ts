import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as nextMs } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type Test, test } from 'tap'
import { prepareFolder } from '../../../../plugins/store/embedded/folder.js'
import { startWriter } from '../../../../plugins/store/embedded/writer.js'
import { BATCH_MAX } from '../../../../plugins/store/store.js'
import type { StoredEvent } from '../../../../schemas/event.js'
import { temporaryFolder } from '../../../support/application.js'
import { message as messageOf } from '../../../support/events.js'

const WORKER = new URL('../../../../plugins/store/embedded/worker.js', import.meta.url)
const PAGE_BYTES = 4096

async function start(t: Test) {
  const folder = prepareFolder(temporaryFolder(t))
  const worker = new Worker(WORKER, { workerData: folder.file, execArgv: [] })
  const told: string[] = []
  const writer = await startWriter(worker, { error: (_, text) => told.push(text) })
  t.teardown(async () => {
    await writer.close()
    folder.release()
  })
  return { writer, worker, told, file: folder.file }
}

const message = (room_id: string, seq: number) => messageOf(seq, 'text', room_id)

/** Counts transactions in SQLite's WAL: a frame that ends one contains the size of the file. */
function countCommits(file: string) {
  const log = readFileSync(`${file}-wal`)
  let commits = 0
  for (let at = 32; at + 24 <= log.length; at += 24 + PAGE_BYTES) if (log.readUInt32BE(at + 4) > 0) commits++
  return commits
}

const unavailable = { code: 'STORE_UNAVAILABLE' }

test('writes of one turn of the event loop form one transaction', async t => {
  const { writer, file } = await start(t)
  // Marks, because messages would cause further commits of the search index.
  await writer.write('moveMark', 'ann', 'first', 1)
  const before = countCommits(file)
  const rooms = Array.from({ length: 100 }, (_, i) => `room-${i}`)
  await Promise.all(rooms.map(room_id => writer.write('moveMark', 'ann', room_id, 1)))
  t.equal(countCommits(file) - before, 1)
})

test('an idle store commits each write at once', async t => {
  const { writer, file } = await start(t)
  await writer.write('moveMark', 'ann', 'r', 1)
  const before = countCommits(file)
  for (let seq = 2; seq <= 6; seq++) await writer.write('moveMark', 'ann', 'r', seq)
  t.equal(countCommits(file) - before, 5)
})

/** Acknowledges every commit at once, so that only the queue sets the pace. */
const ECHO = `
  const { parentPort } = require('node:worker_threads')
  let commits = 0
  parentPort.on('message', ({ commit, close }) => {
    if (close) return parentPort.close()
    commits++
    parentPort.postMessage({ committed: commit.map(() => ({ value: commits })) })
  })
  parentPort.postMessage({ opened: true })
`

test('while many senders talk, the store gathers their writes for some ms', async t => {
  const writer = await startWriter(new Worker(ECHO, { eval: true, execArgv: [] }), console)
  const writes: Promise<unknown>[] = []
  let seq = 0
  async function writeFor(ms: number) {
    const started_at = performance.now()
    while (performance.now() - started_at < ms) {
      for (let i = 0; i < 3; i++) {
        const room_id = `room-${++seq % 10}`
        writes.push(writer.write('append', room_id, seq - 1, [message(room_id, seq)]))
      }
      await nextMs(1)
    }
    const commits = (await writes.at(-1)) as number
    return { commits, ms: performance.now() - started_at }
  }
  const first = await writeFor(150)
  const second = await writeFor(200)
  // A timer may come a part of a millisecond early.
  t.ok(second.commits - first.commits <= second.ms / 3 + 2, `${second.commits - first.commits} in ${second.ms} ms`)
  await writer.close()
})

test('a store whose callers wait for each commit, or that has enough for one, does not wait for more', async t => {
  const writer = await startWriter(new Worker(ECHO, { eval: true, execArgv: [] }), console)
  for (const writes of [1, 50]) {
    const took: number[] = []
    for (let i = 0; i < 50; i++) {
      const started_at = performance.now()
      await Promise.all(Array.from({ length: writes }, () => writer.write('ping')))
      took.push(performance.now() - started_at)
    }
    const [fastest] = took.slice(20).sort((a, b) => a - b)
    t.ok((fastest as number) < 3, `${writes} at a time: ${fastest} ms`)
  }
  await writer.close()
})

test('callers that gather append in the turn before the commit, and share it', async t => {
  const { writer, file } = await start(t)
  await writer.write('moveMark', 'ann', 'r', 1)
  const before = countCommits(file)
  const gathered = (room_id: string) =>
    new Promise(resolve => writer.gather(() => resolve(writer.write('moveMark', 'ann', room_id, 1))))
  await Promise.all(Array.from({ length: 20 }, (_, i) => gathered(`room-${i}`)))
  t.equal(countCommits(file) - before, 1)
})

test('a transaction is bounded, and excess writes form the next one', async t => {
  const { writer, file } = await start(t)
  const rooms = Array.from({ length: 9 }, (_, i) => `room-${i}`)
  const batch = (room_id: string) => Array.from({ length: BATCH_MAX }, (_, i) => message(room_id, i + 1))
  await Promise.all(rooms.map(room_id => writer.write('append', room_id, 0, batch(room_id))))
  t.ok(countCommits(file) >= 3)
})

test('writes beyond the queue’s bound are rejected at once, and queued ones are kept', async t => {
  const { writer } = await start(t)
  const results = await Promise.allSettled(Array.from({ length: 20_100 }, () => writer.write('ping')))
  t.equal(results.filter(({ status }) => status === 'rejected').length, 100)
  t.match(results.at(-1), { status: 'rejected', reason: unavailable })
  await t.resolves(writer.write('ping'), 'and it goes on')
})

test('a malformed write fails without affecting others', async t => {
  const { writer } = await start(t)
  const nameless = { ...message('b', 1), username: null } as unknown as StoredEvent
  const [good, bad, strange] = await Promise.allSettled([
    writer.write('append', 'a', 0, [message('a', 1)]),
    writer.write('append', 'b', 0, [nameless]),
    writer.write('append', 'c', 0, [{ ...message('c', 1), text: {} as string }]),
  ])
  t.match(good, { status: 'fulfilled' })
  t.match(bad, { status: 'rejected', reason: /NOT NULL/ })
  t.match(strange, { status: 'rejected', reason: /cannot be bound/ })
})

test('when the worker dies, waiting and later writes are rejected, and it is logged once', async t => {
  const { writer, worker, told } = await start(t)
  await writer.write('ping')
  const ended = worker.terminate()
  const results = await Promise.allSettled([
    writer.write('append', 'r', 0, [message('r', 1)]),
    writer.write('ping'),
    writer.index('r'),
    ended.then(() => writer.write('ping')),
    ended.then(() => writer.index('r')),
  ])
  for (const result of results) t.match(result, { status: 'rejected', reason: unavailable })
  t.strictSame(told, ['The writer of the store stopped: restart this server'])
  await t.resolves(writer.close())
})

test('a worker that cannot open the file fails the start', async t => {
  const worker = new Worker(WORKER, { workerData: join(tmpdir(), 'no', 'such', 'folder', 'talkie.db'), execArgv: [] })
  await t.rejects(startWriter(worker, console), /Unable to open/)
})
