import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { environment } from './application.js'

/** The project's top folder. */
export const top = fileURLToPath(new URL('../../..', import.meta.url))

/** Of a process that is left out of the coverage. */
export const UNMEASURED = { NODE_V8_COVERAGE: '' }

/** A process started by a test, and its output. */
interface Watched {
  child: ChildProcess
  /** Its output so far. */
  written: { out: string; err: string }
  /** Resolves with the first match in complete lines of its standard output; rejects if the process exits before. */
  says(pattern: RegExp): Promise<RegExpMatchArray>
  /** Resolves with the exit code. */
  ended: Promise<number | null>
}

/**
 * Starts a Node process with only the given environment; it is killed after the test.
 * @param args arguments of node
 * @param as its working folder and user; by default the project's top folder and the current user. With `unmeasured` it
 *   is left out of the coverage, which another user could not write, nor a process that may write nothing.
 */
export function start(
  t: Test,
  args: string[],
  env: Record<string, string> = {},
  { unmeasured = false, ...as }: { unmeasured?: boolean; cwd?: string; uid?: number; gid?: number } = {},
): Watched {
  const variables = { PATH: process.env.PATH, ...environment(t, { LOG_LEVEL: 'info', PORT: '0', ...env }) }
  const child = spawn(process.execPath, args, {
    cwd: top,
    ...as,
    env: { ...variables, ...(unmeasured && UNMEASURED) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const watched = watch(child)
  t.after(async () => {
    child.kill('SIGKILL')
    await watched.ended
  })
  return watched
}

/** @param child whose output is piped */
export function watch(child: ChildProcess): Watched {
  const written = { out: '', err: '' }
  child.stdout?.setEncoding('utf8').on('data', text => {
    written.out += text
  })
  child.stderr?.setEncoding('utf8').on('data', text => {
    written.err += text
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  let over = false
  ended.then(() => {
    over = true
  })
  async function says(pattern: RegExp) {
    for (;;) {
      const found = written.out.slice(0, written.out.lastIndexOf('\n') + 1).match(pattern)
      if (found !== null) return found
      if (over) throw new Error(`it exited without printing ${pattern}: ${written.out}${written.err}`)
      await Promise.race([once(child.stdout as NonNullable<typeof child.stdout>, 'data'), ended])
    }
  }
  return { child, written, says, ended }
}
