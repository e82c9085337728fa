import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')

/** `npm run dev`: compiles, bundles the page and restarts the server, each on every change. All end together. */
const children: ChildProcess[] = [
  [tsc, '--watch', '--preserveWatchOutput'],
  [at('./build.js'), '--watch'],
  ['--watch', '--watch-preserve-output', '--enable-source-maps', at('../server.js')],
].map(args =>
  spawn(process.execPath, args, {
    cwd: at('../../'),
    stdio: 'inherit',
    // A restart should not wait for the open pages to go.
    env: { DRAIN_MS: '0', ...process.env },
  }),
)

function end() {
  for (const child of children) child.kill('SIGTERM')
}
for (const child of children) child.on('exit', end)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end)
