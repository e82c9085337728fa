import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Test, test } from 'tap'
import { openEmbedded } from '../../../../plugins/store/embedded/embedded.js'
import { Sqlite } from '../../../../plugins/store/embedded/sqlite.js'
import { temporaryFolder } from '../../../support/application.js'
import { programMissing } from '../../../support/missing.js'

const ROOMS = 5
const APPENDER = fileURLToPath(new URL('../../../support/appender.js', import.meta.url))

function appender(t: Test, folder: string) {
  const child = spawn(process.execPath, [APPENDER, folder, `${ROOMS}`], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  return { child, closed: once(child, 'close'), lines: createInterface({ input: child.stdout }) }
}

/** Checks that it ran until the test killed it. */
const isKilled = async (t: Test, { closed }: ReturnType<typeof appender>) =>
  t.strictSame(await closed, [null, 'SIGKILL'])

/** Room and seq of everything that was acknowledged, by client_id. */
type Acks = Map<string, { room_id: string; seq: number }>

function note(acks: Acks, line: string) {
  const [, room_id, seq, client_id] = line.split(' ') as [string, string, string, string]
  acks.set(client_id, { room_id, seq: Number(seq) })
}

async function compare(t: Test, folder: string, acks: Acks) {
  const store = await openEmbedded(folder, console)
  const found = new Map<string, { room_id: string; seq: number }>()
  let events = 0
  for (let i = 0; i < ROOMS; i++) {
    const room_id = `room-${i}`
    const log = await store.readEvents(room_id, { after: 0, limit: 1_000_000 })
    t.ok(
      log.every(({ seq }, index) => seq === index + 1),
      `${room_id} has no gap in ${log.length} events`,
    )
    for (const { client_id, seq } of log) found.set(client_id, { room_id, seq })
    events += log.length
    const { seqs } = await store.searchTerms(room_id, ['every'], { before: log.length + 1, limit: log.length + 1 })
    t.strictSame(seqs.length, log.length, 'search finds every message')
  }
  t.equal(found.size, events, 'none is there twice')
  const lost = [...acks].filter(([client_id, { room_id, seq }]) => {
    const event = found.get(client_id)
    return event?.room_id !== room_id || event.seq !== seq
  })
  t.strictSame(lost, [], `of ${acks.size} acknowledged none is lost or elsewhere`)
  await store.close()
  const db = new Sqlite(join(folder, 'talkie.db'), 0)
  t.strictSame(db.all('pragma integrity_check'), [{ integrity_check: 'ok' }])
  db.close()
}

test('a store killed repeatedly in a burst keeps every acknowledged event once, without gaps', async t => {
  const folder = temporaryFolder(t)
  const acks: Acks = new Map()
  for (let round = 0; round < 4; round++) {
    const running = appender(t, folder)
    const { child, lines } = running
    const until = acks.size + 100 + Math.floor(Math.random() * 400)
    for await (const line of lines) {
      if (line.startsWith('ack')) note(acks, line)
      else t.equal(line, 'open')
      if (acks.size >= until && !child.killed) child.kill('SIGKILL')
    }
    await isKilled(t, running)
  }
  await compare(t, folder, acks)
})

test('a second process on the same folder fails at once with one line and does no harm', async t => {
  const folder = temporaryFolder(t)
  const first = appender(t, folder)
  const acks: Acks = new Map()
  const reading = (async () => {
    for await (const line of first.lines) if (line.startsWith('ack')) note(acks, line)
  })()
  while (acks.size === 0) await once(first.lines, 'line')
  const second = appender(t, folder)
  const said: string[] = []
  for await (const line of second.lines) said.push(line)
  t.strictSame(said, [`DATA_DIR ${folder} is in use by another process`])
  const before = acks.size
  while (acks.size <= before) await once(first.lines, 'line')
  first.child.kill('SIGKILL')
  await isKilled(t, first)
  await reading
  await compare(t, folder, acks)
})

/** Limits the size of a process's files, to simulate a full disk. */
const limitFiles = (pid: number, bytes: number | 'unlimited') =>
  execFileSync('prlimit', ['--pid', `${pid}`, `--fsize=${bytes}:unlimited`])

test('on a full disk every write is rejected and none acknowledged, and writes succeed when there is space again', {
  skip: programMissing('prlimit', '--version'),
}, async t => {
  const folder = temporaryFolder(t)
  const appending = appender(t, folder)
  const { child, lines } = appending
  const acks: Acks = new Map()
  const logged: string[] = []
  const refusals = new Set<string>()
  let refused = 0
  let acks_after = 0
  for await (const line of lines) {
    if (line.startsWith('ack')) {
      note(acks, line)
      if (refused >= 20) acks_after++
    } else if (line.startsWith('refused')) {
      refusals.add(line)
      refused++
      if (refused === 20) limitFiles(child.pid as number, 'unlimited')
    } else logged.push(line)
    if (acks.size >= 50 && refused === 0) limitFiles(child.pid as number, 4096)
    if (acks_after >= 100) child.kill('SIGKILL')
  }
  await isKilled(t, appending)
  t.strictSame([...refusals], ['refused STORE_UNAVAILABLE'])
  t.strictSame(logged.filter(line => !line.includes('index')).slice(0, 2), [
    'open',
    'log Failed to write to the store; clients retry',
  ])
  t.ok(logged.length <= 4, 'and it is told once, not for every write')
  await compare(t, folder, acks)
})
