import type { Browser, Page } from 'playwright-core'
import { WebSocket } from 'ws'
import { type Connection, createConnection, createHttp, type SocketConstructor } from '../../static/client/index.js'
import { logIn, PASSWORD, pause } from './log-in.js'

const ARRIVING_PER_SECOND = 50
const SAMPLE_MS = 10_000
const SENDERS = 8
const IN_FLIGHT = 200

/** Runs in the page before its own scripts: records the browser's long tasks. */
const RECORD = `
  window.longest = 0
  new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration)
  }).observe({ type: 'longtask', buffered: true })
`

const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`

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
async function scroll(page: Page, sender: Connection, seconds: number): Promise<void> {
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

/** Scrolls for `seconds` through a room of `messages` messages while 50 per second arrive. */
export async function measureLarge(browser: Browser, base_url: string, messages: number, seconds: number) {
  const senders: Connection[] = []
  try {
    for (let i = 0; i < SENDERS; i++) senders.push(await signUp(base_url, `sender-${i}`))
    await fill(senders, messages)
    await createHttp({ base_url }).register({ username: 'reader', password: PASSWORD })
    const page = await browser.newPage()
    await page.addInitScript(RECORD)
    await logIn(page, base_url, 'reader')
    await page.locator('article').first().waitFor()
    await scroll(page, senders[0] as Connection, seconds)
    await page.context().close()
  } finally {
    for (const sender of senders) sender.close()
  }
}
