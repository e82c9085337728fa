import type { Browser, BrowserContext, Page } from 'playwright-core'
import { WebSocket } from 'ws'
import { createConnection, createHttp, type SocketConstructor } from '../../static/client/index.js'
import { logIn, PASSWORD, pause } from './log-in.js'

const ROOMS = 200
const ARRIVING_PER_SECOND = 10
const KEY_EVERY_MS = 90
const VISITS = 5
const SWITCHES = 15
/** What a visit still loads after the first message may move it, ms. */
const SETTLE_MS = 1000
const DESK = { viewport: { width: 1280, height: 800 }, locale: 'en' }

type StorageState = Awaited<ReturnType<BrowserContext['storageState']>>

/**
 * Runs in the page before its own scripts: layout shifts, when the first message was painted, and how long each key takes
 * to be painted.
 */
const RECORD = `
  window.shift = 0
  new PerformanceObserver(list => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) window.shift += value
  }).observe({ type: 'layout-shift', buffered: true })
  new MutationObserver((_, observer) => {
    if (!document.querySelector('article')) return
    observer.disconnect()
    requestAnimationFrame(() => requestAnimationFrame(() => (window.first_message = performance.now())))
  }).observe(document, { childList: true, subtree: true })
  window.keys = []
  // The frame that shows the key is painted right before the message of the frame's own callback arrives.
  const painted = new MessageChannel()
  const waiting = []
  painted.port1.onmessage = () => {
    for (const pressed_at of waiting.splice(0)) window.keys.push(performance.now() - pressed_at)
  }
  addEventListener('keydown', ({ timeStamp }) => {
    waiting.push(timeStamp)
    requestAnimationFrame(() => painted.port2.postMessage(null))
  }, true)
`

const percentile = (values: number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN
const ms = (value: number) => `${value.toFixed(1)} ms`

async function scriptSeconds(page: Page): Promise<() => Promise<number>> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Performance.enable')
  return async () => {
    const { metrics } = await devtools.send('Performance.getMetrics')
    return metrics.find(({ name }) => name === 'ScriptDuration')?.value ?? 0
  }
}

/** Fills many rooms with people who talk, and returns how to send the next message somewhere. */
async function fillRooms(base_url: string) {
  const { token } = await createHttp({ base_url }).register({ username: 'talker', password: PASSWORD })
  const http = createHttp({ base_url, token: () => token })
  await http.changeProfile({ display_name: '이야기꾼' })
  await createHttp({ base_url }).register({ username: 'busy', password: PASSWORD })
  const ids: string[] = []
  for (let i = 0; i < ROOMS - 1; i++) {
    const { id } = await http.createRoom({ name: `room ${i}` })
    await http.addMember(id, 'busy')
    await http.send(id, { text: `the first message in room ${i}` })
    ids.push(id)
  }
  for (let i = 0; i < 60; i++) await http.send('default', { text: `line ${i} of a talk about this and that` })
  const connection = createConnection({
    base_url,
    WebSocket: WebSocket as unknown as SocketConstructor,
    token: () => token,
    in_flight_max: 100,
  })
  let sent = 0
  /** Every second message goes to the open room, the others to all rooms in turn. */
  const send = () => {
    const room = sent++ % 2 === 0 ? 'default' : (ids[(sent * 7) % ids.length] as string)
    connection.send(room, `message ${sent} that arrives`)
  }
  return { ids, send, close: () => connection.close() }
}

async function measureKeys(page: Page) {
  const field = page.locator('.composer textarea')
  await field.focus()
  await page.evaluate('window.keys = []')
  for (let i = 0; i < 120; i++) {
    await page.keyboard.press('abcdefghij'[i % 10] as string)
    await pause(KEY_EVERY_MS)
  }
  const keys = await page.evaluate<number[]>('window.keys')
  await field.fill('')
  return keys
}

async function measureScript(page: Page, seconds: number): Promise<number> {
  const read = await scriptSeconds(page)
  const before = await read()
  await pause(seconds * 1000)
  return (((await read()) - before) * 1000) / (seconds * ARRIVING_PER_SECOND)
}

/** From the click to the frame that shows the room’s messages. */
const measureSwitch = (page: Page, room_id: string) =>
  page.evaluate<number>(`new Promise(resolve => {
    const link = document.querySelector('.room-link[href="/r/${room_id}"]')
    const start = performance.now()
    const look = () => {
      const open = document.querySelector('.room-link[aria-current]')?.getAttribute('href') === '/r/${room_id}'
      if (!open || !document.querySelector('.messages article')) return requestAnimationFrame(look)
      const channel = new MessageChannel()
      channel.port1.onmessage = () => resolve(performance.now() - start)
      channel.port2.postMessage(null)
    }
    link.click()
    requestAnimationFrame(look)
  })`)

/** @returns when the first message was painted, ms after the visit began */
async function measureFirst(page: Page): Promise<number> {
  await page
    .locator('.room-link')
    .nth(ROOMS - 1)
    .waitFor()
  const first_message = await page.evaluate<number>(`new Promise(resolve => {
    const look = () => (window.first_message ? resolve(window.first_message) : requestAnimationFrame(look))
    look()
  })`)
  await pause(SETTLE_MS)
  return first_message
}

/** Visits with an empty cache, and again with what the first visit left. */
async function measureVisits(browser: Browser, base_url: string, storageState: StorageState) {
  const [cold, warm, shifts]: [number[], number[], number[]] = [[], [], []]
  for (let i = 0; i < VISITS; i++) {
    const context = await browser.newContext({ ...DESK, storageState })
    await context.addInitScript(RECORD)
    const page = await context.newPage()
    for (const taken of [cold, warm]) {
      await page.goto(base_url)
      taken.push(await measureFirst(page))
      shifts.push(await page.evaluate<number>('window.shift'))
    }
    storageState = await context.storageState()
    await context.close()
  }
  console.log(
    `first message: cold cache ${ms(percentile(cold, 0.5))}, warm ${ms(percentile(warm, 0.5))} (medians of ${VISITS})`,
  )
  console.log(`layout shift while loading: at most ${Math.max(...shifts).toFixed(4)}`)
  return storageState
}

/** Measures a page with 200 rooms while 10 messages a second arrive. */
export async function measureBusy(browser: Browser, base_url: string): Promise<void> {
  const { ids, send, close } = await fillRooms(base_url)
  const first = await browser.newContext(DESK)
  await logIn(await first.newPage(), base_url, 'busy')
  const storageState = await measureVisits(browser, base_url, await first.storageState())
  await first.close()
  const context = await browser.newContext({ ...DESK, storageState })
  await context.addInitScript(RECORD)
  const page = await context.newPage()
  await page.goto(base_url)
  await measureFirst(page)
  const arriving = setInterval(send, 1000 / ARRIVING_PER_SECOND)
  try {
    await pause(2000)
    const keys = await measureKeys(page)
    console.log(
      `key to paint: median ${ms(percentile(keys, 0.5))}, p95 ${ms(percentile(keys, 0.95))} of ${keys.length}`,
    )
    console.log(`script per arriving message: ${ms(await measureScript(page, 10))}`)
  } finally {
    clearInterval(arriving)
  }
  const [visit, again]: [number[], number[]] = [[], []]
  for (const id of ids.slice(0, SWITCHES)) {
    for (const [times, room] of [
      [visit, id],
      [again, 'default'],
    ] as const) {
      await pause(300)
      times.push(await measureSwitch(page, room))
    }
  }
  console.log(
    `room switch: first visit ${ms(percentile(visit, 0.5))}, back again ${ms(percentile(again, 0.5))} (medians of ${SWITCHES})`,
  )
  close()
  await context.close()
}
