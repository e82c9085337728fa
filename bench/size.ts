/**
 * What a room and a tab of the page cost a server: `npm run size [-- --store mongo] [--tabs N] [--rooms N] [--each N]`. Starts its
 * own server, opens tabs as the page does (list of own rooms, a page of history, one socket that follows every room) and
 * reads memory, CPU and calls of the store from /metrics, before and after. Several tabs share an account and its rooms.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'
import { BEARER_PREFIX, SUBPROTOCOL } from '../schemas/wire.js'
import { startMongo } from '../test/support/services.js'
import { exitOnSignals } from './exit-on-signals.js'
import { startServer } from './replay/server.js'

/** How long the tabs do nothing, s. */
const IDLE_S = 15
/** Memory settles after this time. */
const SETTLE_MS = 3000

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'embedded' },
    tabs: { type: 'string', default: '200' },
    rooms: { type: 'string', default: '20' },
    /** Tabs of one account. */
    each: { type: 'string', default: '5' },
  },
})
const [tabs, rooms, each] = [Number(values.tabs), Number(values.rooms), Number(values.each)]
exitOnSignals()
const database = values.store === 'mongo' ? await startMongo() : null
const server = await startServer({
  BUDGET_ACCOUNT_MS: '0',
  BUDGET_ADDRESS_MS: '0',
  ...(database && { MONGODB_URI: database.uri, MONGODB_DATABASE: `size_${randomUUID().slice(0, 8)}` }),
})
const { base_url } = server

async function ask<T>(path: string, token?: string, body?: object): Promise<T> {
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(body && { 'content-type': 'application/json' }),
  }
  const answer = await fetch(`${base_url}${path}`, {
    headers,
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

async function figures() {
  // The text may be a second old.
  await wait(1100)
  const text = await (await fetch(`${base_url}/metrics`)).text()
  const sum = (name: string) =>
    [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))].reduce(
      (all, [, value]) => all + Number(value),
      0,
    )
  return {
    memory: sum('process_resident_memory_bytes'),
    cpu_ms: sum('process_cpu_seconds_total') * 1000,
    calls: sum('talkie_store_seconds_count'),
  }
}

/** Opens a tab that follows the rooms; resolves when all of them are live. */
async function open(token: string, ids: string[]) {
  await ask('/rooms?mine=true&limit=100', token)
  await ask(`/rooms/${ids[0]}/messages`, token)
  const socket = new WebSocket(`${base_url.replace('http', 'ws')}/ws`, [SUBPROTOCOL, BEARER_PREFIX + token])
  await once(socket, 'open')
  let left = ids.length
  const live = new Promise<void>(resolve => {
    socket.on('message', data => {
      if (JSON.parse(data.toString()).type === 'welcome' && --left === 0) resolve()
    })
  })
  for (const room_id of ids) socket.send(JSON.stringify({ type: 'subscribe', room_id }))
  await live
}

const accounts: { token: string; ids: string[] }[] = []
for (let n = 0; n < tabs / each; n++) {
  const { token } = await ask<{ token: string }>('/auth/register', undefined, {
    username: `user-${n}`,
    password: randomUUID(),
  })
  accounts.push({ token, ids: [] })
}
const began = await figures()
for (const [n, { token, ids }] of accounts.entries()) {
  for (let room = 0; room < rooms; room++) {
    const { id } = await ask<{ id: string }>('/rooms', token, { name: `Room ${n} ${room}` })
    for (let text = 0; text < 3; text++)
      await ask(`/rooms/${id}/messages`, token, { text: `Message ${text} of this room` })
    ids.push(id)
  }
}
await wait(SETTLE_MS)
const made = await figures()
for (const { token, ids } of accounts) for (let tab = 0; tab < each; tab++) await open(token, ids)
await wait(SETTLE_MS)
const opened = await figures()
await wait(IDLE_S * 1000)
const idle = await figures()

const count = accounts.length * rooms
const show = (what: string, value: number, unit: string) =>
  console.log(`${what.padEnd(44)} ${value.toFixed(1)} ${unit}`)
console.log(`${database ? 'MongoDB (FerretDB)' : 'embedded store'}: ${count} rooms, ${tabs} tabs of ${rooms} rooms`)
show('making a room with 3 messages, CPU', (made.cpu_ms - began.cpu_ms) / count, 'ms')
show('… store calls', (made.calls - began.calls) / count, '')
show('opening a tab, CPU', (opened.cpu_ms - made.cpu_ms) / tabs, 'ms')
show('… memory', (opened.memory - made.memory) / tabs / 1024, 'KiB')
show('… store calls', (opened.calls - made.calls) / tabs, '')
show('idle, CPU of all tabs', (idle.cpu_ms - opened.cpu_ms) / IDLE_S, 'ms a second')
show('… store calls of all tabs', (idle.calls - opened.calls) / IDLE_S, 'a second')
await server.stop()
await database?.stop()
process.exit()
