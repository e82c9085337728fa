import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
// The package exports no path to its command.
const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc')

/** `npm run dev`: compiles, bundles the page and restarts the server, each on every change. All end together. */
const children: ChildProcess[] = [
  [tsc, '--watch', '--preserveWatchOutput'],
  [at('./build.js'), '--watch'],
  ['--watch', '--watch-preserve-output', '--enable-source-maps', at('../server.js')],
].map(args =>
  spawn(process.execPath, args, {
    cwd: at('../../'),
    stdio: 'inherit',
    // A group of its own: the compiler runs in a process under the one that is started.
    detached: true,
    // A restart should not wait for the open pages to go.
    env: { DRAIN_MS: '0', ...process.env },
  }),
)

let ending = false
function end() {
  if (ending) return
  ending = true
  for (const { pid } of children) {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGTERM')
    } catch {
      // It ended before.
    }
  }
}
for (const child of children) child.on('exit', end)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end)
