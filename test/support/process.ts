import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { environment } from './application.js'

/** The project's top folder. */
export const top = fileURLToPath(new URL('../../..', import.meta.url))

/** A process of a test's, and what it says. */
interface Watched {
  child: ChildProcess
  /** What it wrote so far. */
  written: { out: string; err: string }
  /** Resolves with the first match in whole lines of its standard output; rejects where it ends before. */
  says(pattern: RegExp): Promise<RegExpMatchArray>
  /** Resolves with its exit code when it has ended. */
  ended: Promise<number | null>
}

/**
 * Starts a server in an environment of its own; it is killed after the test.
 * @param args of node
 * @param as where and as whom it runs: the project's top folder, and ourselves
 */
export function start(
  t: Test,
  args: string[],
  env: Record<string, string> = {},
  as: { cwd?: string; uid?: number; gid?: number } = {},
): Watched {
  const variables = { PATH: process.env.PATH, ...environment(t, { LOG_LEVEL: 'info', PORT: '0', ...env }) }
  // Another user could not write what the test runner's loader wants written at the end.
  const bare = ['-c', 'unset NODE_OPTIONS; exec "$@"', 'sh', process.execPath, ...args]
  const [command, all] = as.uid === undefined ? [process.execPath, args] : ['sh', bare]
  const child = spawn(command, all, {
    cwd: top,
    ...as,
    env: variables,
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
      if (over) throw new Error(`it ended without saying ${pattern}: ${written.out}${written.err}`)
      await Promise.race([once(child.stdout as NonNullable<typeof child.stdout>, 'data'), ended])
    }
  }
  return { child, written, says, ended }
}
