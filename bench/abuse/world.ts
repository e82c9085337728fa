import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import bcrypt from 'bcryptjs'
import { newUser } from '../../plugins/auth/accounts.js'
import { openEmbedded, type Store } from '../../plugins/store/index.js'
import type { StoredEvent } from '../../schemas/event.js'
import { DEFAULT_ROOM_ID, KEEPS_ALL } from '../../schemas/wire.js'
import { runs } from '../../test/support/missing.js'
import { freePort } from '../../test/support/port.js'

export const PASSWORD = 'correct horse battery'
/** The user whose latencies are measured, the one that abuses, and people for the honest loads. */
export const HEALTHY = 'healthy'
export const ABUSER = 'abuser'
export const PEOPLE = 200
/** Public rooms that everybody above has joined. */
export const ROOMS = 50

const MESSAGES = 2000
const BATCH = 200
/** Each pair of a search for 가나다 is in it, the whole is not: a search must look at every message. */
const TEXT = '가나 나다 회의록을작성하고 '.repeat(140).slice(0, 1940)

export interface World {
  readonly origin: string
  readonly port: number
  /** MiB. */
  memory(): number
  /** s of CPU that the server has used. */
  cpu(): number
  stop(): Promise<void>
}

/** A server as users start it, on a folder with history, with the first core to itself if there are several. */
export async function startWorld(build: string): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'talkie-abuse-'))
  const store = await openEmbedded(folder, console)
  await fill(store)
  await store.close()
  const port = await freePort()
  const server = launch(build, {
    PATH: process.env.PATH,
    PORT: String(port),
    DATA_DIR: folder,
    LOG_LEVEL: 'error',
    NODE_ENV: 'production',
  })
  const kill = () => server.kill('SIGKILL')
  process.once('exit', kill)
  const origin = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < 400; tries++) {
    if (
      await fetch(`${origin}/ready`)
        .then(answer => answer.ok)
        .catch(() => false)
    )
      break
    await sleep(50)
  }
  return {
    origin,
    port,
    memory() {
      const [, kib = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8')) ?? []
      return Number(kib) / 1024
    },
    cpu() {
      // After the name, which may hold spaces: utime and stime are the 12th and 13th field, in ticks of 10 ms.
      const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
      return (Number(fields[11]) + Number(fields[12])) / 100
    },
    async stop() {
      const exited = once(server, 'exit')
      server.kill('SIGKILL')
      await exited
      process.off('exit', kill)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function launch(build: string, env: Record<string, string | undefined>): ChildProcess {
  const command = [process.execPath, '--enable-source-maps', join(build, 'server.js')]
  const pinned =
    availableParallelism() > 1 && runs('taskset', '--version') ? ['taskset', '-c', '0', ...command] : command
  const [program = '', ...args] = pinned
  return spawn(program, args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
}

/** Accounts, rooms with all of them, and history in the default room, written past the server and its limits. */
async function fill(store: Store) {
  const password_hash = bcrypt.hashSync(PASSWORD, 10)
  const names = [HEALTHY, ABUSER, ...Array.from({ length: PEOPLE }, (_, i) => `person-${i}`)]
  const at = new Date().toISOString()
  const event = (room_id: string, seq: number, more: Partial<StoredEvent>) =>
    ({
      room_id,
      seq,
      username: HEALTHY,
      client_id: `fill-${seq}`,
      created_at: at,
      type: 'message',
      ...more,
    }) as StoredEvent
  const room = (id: string, name: string, owner: string) => ({
    ...{ id, name, description: '', is_public: true, max_members: 0, owner, member_count: 1 },
    ...{ password_hash: null, created_at: at, deleted: false, slow_mode_s: 0, ...KEEPS_ALL, indexed_seq: 1 },
  })
  await store.createRoom(
    room(DEFAULT_ROOM_ID, 'Lobby', ''),
    event(DEFAULT_ROOM_ID, 1, { type: 'created', username: '' }),
  )
  for (const name of names) await store.createUser(newUser(name, password_hash))
  for (let at = 0; at < MESSAGES; at += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, i) => event(DEFAULT_ROOM_ID, at + i + 2, { text: TEXT }))
    await store.append(DEFAULT_ROOM_ID, at + 1, batch)
  }
  for (let i = 0; i < ROOMS; i++) {
    const id = `room-${i}`
    await store.createRoom(room(id, `Room ${i}`, HEALTHY), event(id, 1, { type: 'created' }))
    const joined = names.slice(1).map((member, at) => event(id, at + 2, { type: 'joined', username: member, member }))
    await store.append(id, 1, joined)
  }
}

/** The folder that this file was built into, which has the server. */
export const OWN_BUILD = fileURLToPath(new URL('../..', import.meta.url))
