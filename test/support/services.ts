import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MongoClient } from 'mongodb'
import { eventually } from './eventually.js'
import { missing, runs } from './missing.js'
import { freePort, listens } from './port.js'

/** Folder of the servers built by `.ci/run`. */
const CACHE = fileURLToPath(new URL('../../../.cache/bin', import.meta.url))

/** A database server that tests run against. */
export interface Database {
  uri: string
  /** Controls the process; null if the tests did not start it. */
  ours: Ours | null
  stop(): Promise<void>
}

/** A process started by the tests, which keeps its port and folder across restarts. */
interface Ours {
  pid(): number
  /** SIGKILL, like a power failure. */
  kill(): Promise<void>
  /** Resolves when it responds. */
  start(): Promise<void>
}

/** A FerretDB that runs: a build without its version file, as made by `go install`, panics at once. */
const findFerret = (): string | undefined =>
  [CACHE, ...(process.env.PATH ?? '').split(delimiter)]
    .map(folder => join(folder, 'ferretdb'))
    .find(file => existsSync(file) && runs(file, '--version'))

/** Why tests that need a MongoDB cannot run here; false if they can. */
export function mongoMissing(): string | false {
  return missing(Boolean(process.env.MONGODB_URI) || findFerret() !== undefined, 'FerretDB')
}

async function answers(uri: string, child: ChildProcess): Promise<void> {
  await eventually(() => {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('FerretDB has ended')
    return listens(Number(new URL(uri).port))
  })
  const client = new MongoClient(uri)
  await client.db('admin').command({ ping: 1 })
  await client.close()
}

/**
 * The server of MONGODB_URI, or a new FerretDB: on the PostgreSQL database of FERRETDB_POSTGRESQL_URL, or on SQLite in
 * a temporary folder.
 */
export async function startMongo(): Promise<Database> {
  if (process.env.MONGODB_URI) return { uri: process.env.MONGODB_URI, ours: null, stop: async () => {} }
  const file = findFerret() as string
  const folder = mkdtempSync(join(tmpdir(), 'talkie-ferretdb-'))
  const postgres = process.env.FERRETDB_POSTGRESQL_URL
  const port = await freePort()
  const uri = `mongodb://127.0.0.1:${port}/`
  let child: ChildProcess

  async function start() {
    child = spawn(
      file,
      [
        ...(postgres
          ? ['--handler=postgresql', `--postgresql-url=${postgres}`]
          : ['--handler=sqlite', `--sqlite-url=file:${folder}/`]),
        `--state-dir=${folder}`,
        `--listen-addr=127.0.0.1:${port}`,
        // As a replica set of one, because the driver treats a standalone server differently.
        '--repl-set-name=rs0',
        '--debug-addr=-',
        '--telemetry=disable',
        '--log-level=ERROR',
      ],
      { stdio: 'ignore' },
    )
    // It neither keeps the tests running nor outlives them.
    child.unref()
    await answers(uri, child)
  }

  async function kill() {
    const ended = once(child, 'exit')
    // Keeps this process alive until the child has exited.
    child.ref()
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await ended
    }
  }

  function end() {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  process.once('exit', end)
  await start()
  return {
    uri,
    ours: { pid: () => child.pid as number, kill, start },
    async stop() {
      await kill()
      process.off('exit', end)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
