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

/** Where `.ci/run` keeps the servers that it builds. */
const CACHE = fileURLToPath(new URL('../../../.cache/bin', import.meta.url))

/** A database server that tests run against. */
export interface Database {
  uri: string
  /** Whether the test may kill and stop it; not where it is somebody else's. */
  ours: Ours | null
  stop(): Promise<void>
}

/** A process of ours, on one port and one folder through all its restarts. */
interface Ours {
  pid(): number
  /** As a power cut would: SIGKILL. */
  kill(): Promise<void>
  /** Resolves when it answers. */
  start(): Promise<void>
}

/** One that runs: a build without its version file, as `go install` makes it, ends at once with a panic. */
const findFerret = (): string | undefined =>
  [CACHE, ...(process.env.PATH ?? '').split(delimiter)]
    .map(folder => join(folder, 'ferretdb'))
    .find(file => existsSync(file) && runs(file, '--version'))

/** Why tests that need a MongoDB cannot run here, false where they can. */
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
 * The server that MONGODB_URI names, else a FerretDB of one's own: on the PostgreSQL database that
 * FERRETDB_POSTGRESQL_URL names, else on SQLite, in a folder that goes with it.
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
        // As a replica set of one, since the driver asks a lone server otherwise than it would ask MongoDB.
        '--repl-set-name=rs0',
        '--debug-addr=-',
        '--telemetry=disable',
        '--log-level=ERROR',
      ],
      { stdio: 'ignore' },
    )
    // Neither does it keep the tests from ending, nor outlive them.
    child.unref()
    await answers(uri, child)
  }

  async function kill() {
    const ended = once(child, 'exit')
    // Its end is waited for, which nothing else may keep the process alive for.
    child.ref()
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await ended
    }
  }

  await start()
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
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
