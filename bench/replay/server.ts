import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../test/support/port.js'
import { quick } from '../../test/support/quick.js'

/** A server process that can be killed and started again on the same address and folder. */
export interface ServerProcess {
  readonly base_url: string
  readonly pid: number
  /** SIGKILL, then starts a new process at once; resolves when it responds. */
  killAndRestart(): Promise<void>
  /**
   * SIGTERM, waits for the drain, then starts a new process; resolves with the old one's exit code when it responds.
   */
  restart(): Promise<number | null>
  /** SIGTERM; resolves with the exit code when the process has exited and its folder is deleted. */
  stop(): Promise<number | null>
}

/** Checks of a starting server, 25 ms apart: over ten minutes. */
const START_TRIES_MAX = 24_000
/** Starts of a server that exits at its start; a start takes about a second. */
const RESTARTS_MAX = 60

/** @param env added to the defaults: `quick`, unlimited sockets, warnings only, a temporary folder */
export async function startServer(env: Record<string, string> = {}): Promise<ServerProcess> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'talkie-replay-'))
  const base_url = `http://127.0.0.1:${port}`
  let server: ChildProcess

  async function start() {
    // Without options for Node: a test runner's loader handles signals that Node ignores, SIGXFSZ of a full disk for one.
    const command = ['-c', 'unset NODE_OPTIONS; exec "$@"', 'sh', process.execPath]
    server = spawn('sh', [...command, fileURLToPath(new URL('../../server.js', import.meta.url))], {
      env: {
        PATH: process.env.PATH,
        PORT: String(port),
        HOST: '127.0.0.1',
        DATA_DIR: folder,
        LOG_LEVEL: 'warn',
        ...quick,
        MAX_SOCKETS_PER_USER: '0',
        MAX_SOCKETS_PER_ADDRESS: '0',
        ...env,
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    for (let tries = 0; tries < START_TRIES_MAX; tries++) {
      const answers = await fetch(`${base_url}/ready`).then(
        response => response.ok,
        () => false,
      )
      if (answers) return
      if (server.exitCode !== null) break
      await new Promise(resolve => setTimeout(resolve, 25))
    }
    throw new Error('The server did not start')
  }

  /** A server that finds no database exits, so it is started again until it stays, as a supervisor does. */
  async function startAgain() {
    for (let starts = 1; ; starts++) {
      try {
        return await start()
      } catch (error) {
        if (starts === RESTARTS_MAX) throw error
      }
    }
  }

  async function end(signal: 'SIGKILL' | 'SIGTERM') {
    if (server.exitCode !== null) return server.exitCode
    const exited = once(server, 'exit')
    server.kill(signal)
    const [code] = await exited
    return code as number | null
  }

  /** A run that fails or is interrupted must not leave a server running. */
  function kill() {
    server.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  // Before the handlers that delete other folders of the server.
  process.prependOnceListener('exit', kill)
  await start()
  return {
    base_url,
    get pid() {
      return server.pid as number
    },
    async killAndRestart() {
      await end('SIGKILL')
      await startAgain()
    },
    async restart() {
      const code = await end('SIGTERM')
      await startAgain()
      return code
    },
    async stop() {
      const code = await end('SIGTERM')
      process.off('exit', kill)
      await rm(folder, { recursive: true, force: true })
      return code
    },
  }
}
