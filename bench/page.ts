/**
 * Measures the page in a large, busy room: `node build/bench/page.js [messages] [seconds]`, 100,000 and 300 by default.
 * Needs Chromium and a built page.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { WebSocket } from 'ws'
import { type Connection, createConnection, createHttp, type SocketConstructor } from '../static/client/index.js'
import { launch } from './browser.js'
import { exitOnSignals } from './exit-on-signals.js'
import { startServer } from './replay/server.js'

const [messages = 100_000, seconds = 300] = process.argv.slice(2).map(Number)
const ARRIVING_PER_SECOND = 50
const SAMPLE_MS = 10_000
const SENDERS = 8
const IN_FLIGHT = 200
const PASSWORD = 'correct horse battery'
const PUBLIC = fileURLToPath(new URL('../static/public', import.meta.url))

/** Runs in the page before its own scripts: records the browser's long tasks, and when the first message was drawn. */
const RECORD = `
  window.longest = 0
  new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration)
  }).observe({ type: 'longtask', buffered: true })
  new MutationObserver((_, observer) => {
    if (!document.querySelector('article')) return
    observer.disconnect()
    requestAnimationFrame(() => (window.first_message = performance.now()))
  }).observe(document, { childList: true, subtree: true })
`

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`

function shell() {
  const files = readdirSync(PUBLIC).filter(name =>
    /^(index\.html|main-[^.]+\.js|page-[^.]+\.css|icon\.svg)$/.test(name),
  )
  const contents = files.map(name => readFileSync(`${PUBLIC}/${name}`))
  const sum = (size: (content: Buffer) => number) => kib(contents.reduce((all, content) => all + size(content), 0))
  console.log(`shell: gzip ${sum(one => gzipSync(one).length)}, brotli ${sum(one => brotliCompressSync(one).length)}`)
}

async function signUp(base_url: string, username: string): Promise<Connection> {
  const { token } = await createHttp({ base_url }).register({ username, password: PASSWORD })
  return createConnection({
    base_url,
    WebSocket: WebSocket as unknown as SocketConstructor,
    token: () => token,
    in_flight_max: IN_FLIGHT,
  })
}

/** Each sender keeps `IN_FLIGHT` messages in flight until all are in the log. */
async function fill(senders: Connection[], count: number) {
  let next = 0
  const started = Date.now()
  const send = async (sender: Connection) => {
    while (next < count) await sender.send('default', `message ${next++} of a long talk about this and that`).ack
  }
  await Promise.all(senders.flatMap(sender => Array.from({ length: IN_FLIGHT }, () => send(sender))))
  console.log(`filled: ${count} messages in ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

/** Scrolls up and down for `seconds` while messages arrive, and prints a sample every `SAMPLE_MS`. */
async function scroll(page: Page, sender: Connection): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  let arrived = 0
  const arriving = setInterval(() => sender.send('default', `news ${arrived++}`), 1000 / ARRIVING_PER_SECOND)
  await page.locator('.messages').hover()
  await page.evaluate('window.longest = 0')
  const start = Date.now()
  let sampled = 0
  for (let turn = 0; Date.now() - start < seconds * 1000; turn++) {
    await page.mouse.wheel(0, turn % 400 < 250 ? -400 : 400)
    await pause(16)
    if (Date.now() - start < sampled * SAMPLE_MS) continue
    sampled++
    const longest = await page.evaluate<number>('window.longest')
    await devtools.send('HeapProfiler.collectGarbage')
    const { usedSize } = await devtools.send('Runtime.getHeapUsage')
    const [rows, nodes] = await page.evaluate<[number, number]>(
      '[document.querySelectorAll("article").length, document.querySelectorAll("*").length]',
    )
    // The garbage collection is itself a long task, but not one of the page's.
    await page.evaluate('new Promise(resolve => setTimeout(() => resolve((window.longest = 0)), 100))')
    const at = `${((Date.now() - start) / 1000).toFixed(0)} s`.padStart(6)
    console.log(
      `${at}: longest task ${longest} ms, heap ${kib(usedSize)}, ${rows} rows, ${nodes} elements, ${arrived} arrived`,
    )
  }
  clearInterval(arriving)
}

shell()
exitOnSignals()
const server = await startServer()
const browser = await launch()
const senders: Connection[] = []
try {
  for (let i = 0; i < SENDERS; i++) senders.push(await signUp(server.base_url, `sender-${i}`))
  await fill(senders, messages)

  const first = await browser.newPage()
  await first.goto(server.base_url)
  await first.getByLabel('Username').fill('reader')
  await first.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await first.getByRole('button', { name: 'Sign up', exact: true }).click()
  await first.locator('article').first().waitFor()
  // Another context with the same session and an empty cache.
  const context = await browser.newContext({ storageState: await first.context().storageState() })
  await first.close()
  await context.addInitScript(RECORD)
  const page = await context.newPage()
  await page.goto(server.base_url)
  await page.locator('article').first().waitFor()
  const first_message = await page.evaluate<number>(
    'new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(() => resolve(window.first_message))))',
  )
  console.log(`first message with a cold cache: ${first_message.toFixed(0)} ms`)
  await scroll(page, senders[0] as Connection)
} finally {
  for (const sender of senders) sender.close()
  await browser.close()
  await server.stop()
}
