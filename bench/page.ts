/**
 * Measures the page: its size, how fast it starts and reacts with 200 rooms while 10 messages per second arrive, and how
 * it behaves in a large, busy room: `node build/bench/page.js [messages] [seconds]`, 100,000 and 300 by default; with 0
 * messages the last part is left out. Needs Chromium and a built page.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { launch } from './browser.js'
import { exitOnSignals } from './exit-on-signals.js'
import { measureBusy } from './page/busy.js'
import { measureLarge } from './page/large.js'
import { startServer } from './replay/server.js'

const [messages = 100_000, seconds = 300] = process.argv.slice(2).map(Number)
const PUBLIC = fileURLToPath(new URL('../static/public', import.meta.url))

const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`

function shell() {
  const files = readdirSync(PUBLIC).filter(name =>
    /^(index\.html|main-[^.]+\.js|page-[^.]+\.css|icon\.svg)$/.test(name),
  )
  const contents = files.map(name => readFileSync(`${PUBLIC}/${name}`))
  const sum = (size: (content: Buffer) => number) => kib(contents.reduce((all, content) => all + size(content), 0))
  console.log(`shell: gzip ${sum(one => gzipSync(one).length)}, brotli ${sum(one => brotliCompressSync(one).length)}`)
}

shell()
exitOnSignals()
const browser = await launch()
const server = await startServer()
try {
  await measureBusy(browser, server.base_url)
} finally {
  await server.stop()
}
if (messages > 0) {
  const server = await startServer()
  try {
    await measureLarge(browser, server.base_url, messages, seconds)
  } finally {
    await server.stop()
  }
}
await browser.close()
