import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort, listens } from '../../test/support/port.js'
import type { Figures, Job } from './drive.js'
import { onCore } from './host.js'
import type { Load } from './loads.js'
import type { Peer } from './peers.js'

/** Looks at a server that starts, 25 ms apart: a minute and more. */
const START_TRIES_MAX = 2400
/** For accounts, joins and the last messages, besides the load's own time. */
const GENERATOR_MAX_MS = 10 * 60_000
const generator = fileURLToPath(new URL('generator.js', import.meta.url))

/** One load on one peer: a fresh server, the generator beside it, both gone afterwards. @throws when either fails */
export async function measure(peer: Peer, load: Load, seconds: number, warm_seconds: number): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'talkie-fanout-'))
  const log = join(folder, 'log')
  const port = await freePort()
  const { command, env } = peer.start(port, join(folder, 'data'))
  const output = openSync(log, 'w')
  const server = run('server', command, { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', output, output] })
  closeSync(output)
  try {
    await started(server.child, port)
    const job: Job = { load, dialect: peer.dialect, port, pid: server.child.pid as number, seconds, warm_seconds }
    return await generate(job)
  } catch (error) {
    const last = readFileSync(log, 'utf8').trim().split('\n').slice(-3).join('\n')
    throw new Error(`${(error as Error).message}\n${last}`.trim())
  } finally {
    await server.end()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function started(child: ChildProcess, port: number) {
  for (let tries = 0; tries < START_TRIES_MAX; tries++) {
    if (await listens(port)) return
    if (child.exitCode !== null || child.signalCode !== null) break
    await wait(25)
  }
  throw new Error('the server did not start')
}

async function generate(job: Job): Promise<Figures> {
  const command = [process.execPath, generator, JSON.stringify(job)]
  const { child, end } = run('generator', command, { stdio: ['ignore', 'pipe', 'pipe'] })
  const late = setTimeout(end, GENERATOR_MAX_MS + (job.seconds + job.warm_seconds) * 1000)
  let answer = ''
  let complaint = ''
  child.stdout?.setEncoding('utf8').on('data', text => {
    answer += text
  })
  child.stderr?.setEncoding('utf8').on('data', text => {
    complaint += text
  })
  try {
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(complaint.trim() || 'the generator took too long')
    return JSON.parse(answer) as Figures
  } finally {
    clearTimeout(late)
    await end()
  }
}

/** A child that does not outlive this process. */
function run(role: 'server' | 'generator', command: string[], options: object) {
  const child: ChildProcess = spawn(...onCore(role, command), options)
  // A program that is missing is reported by what waits for it.
  child.on('error', () => {})
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  return {
    child,
    async end() {
      process.off('exit', kill)
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}
