import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DialectName } from './dialects.js'

export interface Peer {
  name: string
  dialect: DialectName
  /** @param folder an empty one of its own */
  start(port: number, folder: string): { command: string[]; env?: Record<string, string> }
}

export const checkout = fileURLToPath(new URL('../../../', import.meta.url))
const here = join(checkout, 'bench', 'fanout')
const rivals = join(here, 'node_modules')
const bun = join(rivals, '@oven', 'bun-linux-x64', 'bin', 'bun')
const CENTRIFUGO = 'github.com/centrifugal/centrifugo/v6@v6.9.1'
const centrifugo = join(checkout, '.cache', 'bin', 'centrifugo')

/** Beyond what any load reaches. It is not 0, for that would turn off what a limit costs. */
const RAISED = '1000000'

/** This server, built in some checkout, as `npm start` runs it: no variable but its address, its folder and its limits. */
export function ours(name: string, folder: string): Peer {
  const server = resolve(folder, 'build', 'server.js')
  if (!existsSync(server)) throw new Error(`${server} is not built`)
  const example = readFileSync(resolve(folder, '.env.example'), 'utf8')
  const limits = example.matchAll(/^# ((?:RATE_LIMIT|MAX_SOCKETS|BUDGET)_\w+)=/gm)
  const raised = Object.fromEntries(Array.from(limits, ([, variable]) => [variable as string, RAISED]))
  return {
    name,
    dialect: 'ours',
    start: (port, data) => ({
      command: [process.execPath, '--enable-source-maps', server],
      env: { PORT: String(port), DATA_DIR: data, ...raised },
    }),
  }
}

const program = (runtime: string, file: string): Peer['start'] => {
  return port => ({ command: [runtime, join(here, 'peers', file), String(port)] })
}

/** By name, besides `ours`. */
export const others: Peer[] = [
  { name: 'tcp', dialect: 'tcp', start: program(process.execPath, 'tcp.js') },
  { name: 'bun', dialect: 'typed', start: program(bun, 'bun.js') },
  {
    name: 'centrifugo',
    dialect: 'centrifugo',
    // Its defaults, the memory engine included; anybody may connect, subscribe and publish.
    start: port => ({
      command: [centrifugo],
      env: {
        CENTRIFUGO_HTTP_SERVER_ADDRESS: '127.0.0.1',
        CENTRIFUGO_HTTP_SERVER_PORT: String(port),
        CENTRIFUGO_CLIENT_INSECURE: 'true',
        CENTRIFUGO_CLIENT_QUEUE_MAX_SIZE: String(64 * 2 ** 20),
        CENTRIFUGO_LOG_LEVEL: 'warn',
      },
    }),
  },
  { name: 'ws', dialect: 'typed', start: program(process.execPath, 'ws.js') },
  { name: 'socket.io', dialect: 'socket.io', start: program(process.execPath, 'socket.io.js') },
]

/** Installs what a peer needs and is not there yet. @returns why it cannot be had here, or null */
export function install(peer: Peer): string | null {
  if (['bun', 'ws', 'socket.io'].includes(peer.name)) {
    if (!existsSync(rivals)) execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' })
    if (peer.name === 'bun' && !existsSync(bun)) return 'there is no Bun for this system'
  }
  if (peer.name === 'centrifugo' && !existsSync(centrifugo)) {
    if (spawnSync('go', ['version']).error) return 'Go is missing'
    process.stderr.write(`go install ${CENTRIFUGO}: some minutes\n`)
    const env = { ...process.env, GOBIN: join(checkout, '.cache', 'bin') }
    if (spawnSync('go', ['install', CENTRIFUGO], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0) {
      return 'go install failed'
    }
  }
  return null
}
