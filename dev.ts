/** `npm run dev`: whenever something changes, compiles, builds the page and starts the server again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { watch } from 'node:fs'
import { fileURLToPath } from 'node:url'

const top = fileURLToPath(new URL('../', import.meta.url))
/** An editor saves in several steps. */
const SETTLE_MS = 100

function node(...args: string[]): ChildProcess {
  // Sockets of a server that is about to be back need no drain.
  const env = { DRAIN_MS: '0', ...process.env }
  return spawn(process.execPath, args, { cwd: top, stdio: 'inherit', env })
}

const server = node('--enable-source-maps', '--watch', '--watch-preserve-output', 'build/server.js')
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    server.kill(signal)
    process.exit()
  })
}

let timer: NodeJS.Timeout | undefined
let building = false
function build() {
  if (building) return buildSoon()
  building = true
  node('node_modules/typescript/bin/tsc').on('exit', () => {
    // With a type error too: what was written runs, and the error is on the screen.
    node('build/static/build.js').on('exit', () => {
      building = false
    })
  })
}
function buildSoon() {
  clearTimeout(timer)
  timer = setTimeout(build, SETTLE_MS)
}

watch(top, (_event, name) => {
  if (name?.endsWith('.ts')) buildSoon()
})
for (const folder of ['plugins', 'routes', 'schemas', 'static']) watch(top + folder, { recursive: true }, buildSoon)
