import type { Browser, Page } from 'playwright-core'
import { WebSocket } from 'ws'
import { createConnection, createHttp, type SocketConstructor } from '../../static/client/index.js'

const ROOMS = 200
const ARRIVING_PER_SECOND = 10
const KEY_EVERY_MS = 90
const PASSWORD = 'correct horse battery'

/** Runs in the page before its own scripts: layout shifts, and how long each key takes to be painted. */
const RECORD = `
  window.shift = 0
  new PerformanceObserver(list => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) window.shift += value
  }).observe({ type: 'layout-shift', buffered: true })
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

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
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

/** Measures a page with 200 rooms while 10 messages a second arrive. */
export async function measureBusy(browser: Browser, base_url: string): Promise<void> {
  const { ids, send, close } = await fillRooms(base_url)
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  await context.addInitScript(RECORD)
  const page = await context.newPage()
  await page.goto(base_url)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByLabel('Username').fill('busy')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.locator('form button[type=submit]').click()
  await page.locator('article').first().waitFor()
  await page
    .locator('.room-link')
    .nth(ROOMS - 1)
    .waitFor()
  await page.reload()
  await page
    .locator('.room-link')
    .nth(ROOMS - 1)
    .waitFor()
  await page.locator('article').first().waitFor()
  await pause(1500)
  console.log(`layout shift while loading: ${(await page.evaluate<number>('window.shift')).toFixed(4)}`)
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
  await pause(500)
  const [first, again]: [number[], number[]] = [[], []]
  for (const id of ids.slice(0, 7)) {
    first.push(await measureSwitch(page, id))
    await pause(300)
    again.push(await measureSwitch(page, 'default'))
    await pause(300)
  }
  console.log(
    `room switch: first visit ${ms(percentile(first, 0.5))}, back again ${ms(percentile(again, 0.5))} (medians)`,
  )
  close()
  await context.close()
}
