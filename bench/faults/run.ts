import { check } from './checker.js'
import { Client } from './client.js'
import { tellGuests } from './guests.js'
import { emptyHistory, type History } from './history.js'
import { disturb } from './nemesis.js'
import { operations } from './operations.js'
import type { Violation } from './promises.js'
import { createRandom } from './random.js'
import { AUDIT } from './room.js'
import { startWorld, type World, type WorldOptions } from './world.js'

export interface RunOptions extends WorldOptions {
  seconds: number
  seed: number
  /** Names of the faults to choose from; all by default. */
  faults?: string[]
  progress?: (line: string) => void
}

export interface Outcome {
  violations: Violation[]
  history: History
  /** How often each fault was injected. */
  injected: Record<string, number>
}

const CLIENTS = 6
const ROOMS = 3
/** Events of a log that are read at once. */
const PAGE = 500
/** How long requests may take to be answered after the last fault, and clients to catch up. */
const SETTLE_MS = 30_000
const CATCH_UP_MS = 30_000
/** Searches and pages of each client after the run. */
const LOOKS = 10
/** Attempts to do an operation that may need more messages. */
const ROUNDS = 10

/** Lets clients talk while everything breaks, then compares what they were told with the logs. */
export async function run(options: RunOptions): Promise<Outcome> {
  const progress = options.progress ?? (() => {})
  const random = createRandom(options.seed)
  const usernames = Array.from({ length: CLIENTS }, (_, n) => `user-${n + 1}`)
  const history = emptyHistory()
  const world = await startWorld(options, usernames)
  try {
    const clients = usernames.map((username, n) => new Client(username, world, random.fork(n), history))
    let injected: Record<string, number>
    try {
      await enter(clients, world)
      await doEach(clients)
      // Servers erase what rooms no longer keep at their start, and then seldom.
      for (const server of world.servers) await server.killAndRestart()
      progress(`${CLIENTS} clients talk`)
      const end = performance.now() + options.seconds * 1000
      const isOver = () => performance.now() >= end
      const breaking = disturb(world, random.fork(CLIENTS), isOver, progress, options.faults)
      await Promise.all(clients.map(client => client.act(isOver)))
      injected = await breaking
      progress('all is mended')
      await Promise.all(clients.map(client => client.settle(SETTLE_MS)))
      await Promise.all(clients.map(client => client.catchUp(CATCH_UP_MS)))
      progress('reading what users are told')
      await Promise.all(clients.map(client => client.look(['search', 'history', 'use an ended session'], LOOKS)))
      await Promise.all(clients.map(client => client.tell()))
      history.accounts = await tellGuests(clients[0] as Client, CATCH_UP_MS)
    } finally {
      for (const client of clients) client.close()
    }
    progress('reading the logs')
    await readLogs(world, history)
    return { violations: check(history), history, injected }
  } finally {
    await world.stop()
  }
}

/** Registers the users, makes rooms that all of them are in, and a conversation of each with the next one. */
async function enter(clients: Client[], world: World) {
  for (const client of clients) await client.register()
  for (let n = 0; n < ROOMS; n++) {
    const owner = clients[n % clients.length] as Client
    const { id } = await owner.http.createRoom({ name: `First ${n}` })
    world.created(id, owner.username)
    const { code } = await owner.http.createInvite(id, { max_uses: 1 })
    for (const [at, client] of clients.entries()) {
      if (client === owner) continue
      // The last one by the invitation, so that every run has such a member.
      if (at === clients.length - 1) await client.http.joinByInvite(code)
      else await client.http.join(id)
      world.entered(id, client.username)
    }
  }
  for (const [n, client] of clients.entries()) {
    const { username } = clients[(n + 1) % clients.length] as Client
    const { id } = await client.http.openDirect([username])
    world.opened(id, [client.username, username])
  }
  for (const client of clients.slice(0, 3)) await client.once('sign up')
  for (const client of clients) client.follow()
}

/** Does each operation once if one of the clients can, so that every run has it, however short. */
async function doEach(clients: Client[]) {
  for (const name of Object.keys(operations)) {
    for (let round = 0; round < ROUNDS; round++) {
      const outcomes: (string | undefined)[] = []
      for (const client of clients) {
        outcomes.push((await client.once(name))?.outcome)
        if (outcomes.includes('ok')) break
      }
      if (outcomes.includes('ok')) break
      // Some operations need messages that are not there yet.
      if (outcomes.every(outcome => outcome === undefined)) for (const client of clients) await client.once('send')
    }
  }
}

async function readLogs(world: World, history: History) {
  const store = await world.openStore()
  for (const room_id of [...world.rooms.map(({ room_id }) => room_id), AUDIT]) {
    const log = []
    for (;;) {
      const events = await store.readEvents(room_id, { after: log.length, limit: PAGE })
      log.push(...events)
      if (events.length < PAGE) break
    }
    history.logs.set(room_id, log)
  }
  await store.close()
}
