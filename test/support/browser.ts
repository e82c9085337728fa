import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { executablePath, launch } from '../../bench/browser.js'
import { build, PASSWORD, register } from './application.js'
import { missing } from './missing.js'

/** Runs a file's tests in one browser. Without a browser they are skipped, but fail if CI is set. */
export function inBrowser(name: string, run: (t: Test, browser: Browser) => Promise<void>) {
  const skip = missing(executablePath !== undefined, 'chromium')
  // On a busy machine a browser may take very long.
  t.setTimeout(0)
  t.test(name, { skip, timeout: 0 }, async t => {
    const browser = await launch()
    t.after(() => browser.close())
    await run(t, browser)
  })
}

/** The application on its own port. */
export async function serve(t: Test, env: Record<string, string> = {}) {
  const fastify = await build(t, env)
  await fastify.listen({ host: '127.0.0.1', port: Number(env.PORT ?? 0) })
  const { port } = fastify.server.address() as AddressInfo
  return { fastify, port, url: `http://127.0.0.1:${port}` }
}

/** Long enough for the slowest machine, ms. */
const WAIT_MAX_MS = 10 * 60_000

/** Opens the page in a new browser context. An exception or console error of the page fails the test. */
export async function visit(t: Test, browser: Browser, url: string, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ locale: 'en', viewport: { width: 1100, height: 700 }, ...options })
  t.after(() => context.close())
  context.setDefaultTimeout(WAIT_MAX_MS)
  const page = await context.newPage()
  page.on('pageerror', error => t.fail(`the page threw ${error.stack}`))
  page.on('console', message => {
    // The browser also logs failed requests, which a test may cause on purpose.
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(message.text())) {
      t.fail(`the page logged an error: ${message.text()}`)
    }
  })
  await page.goto(url)
  return page
}

/** @param wide whether the list of rooms is beside the room */
export async function signUp(page: Page, username: string, wide = true) {
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign up', exact: true }).click()
  await (wide ? page.getByRole('button', { name: 'Your profile' }) : field(page)).waitFor()
}

/** Checks a condition with every frame that the page draws. */
export async function until(page: Page, holds: () => Promise<boolean>) {
  const last = performance.now() + WAIT_MAX_MS
  while (performance.now() < last) {
    if (await holds()) return
    await page.evaluate('new Promise(requestAnimationFrame)')
  }
  throw new Error(`not true after ${WAIT_MAX_MS} ms: ${holds}`)
}

export const field = (page: Page) => page.getByRole('textbox', { name: /^Message/ })
export const log = (page: Page) => page.getByRole('log')
export const row = (page: Page, text: string) => log(page).locator('article', { hasText: text })

/** Goes to the screen of all public rooms. */
export const browse = (page: Page) => page.getByRole('link', { name: 'Browse rooms' }).click()

/** Opens the info panel of the open room. */
export const openAbout = (page: Page) => page.getByRole('button', { name: 'Room info' }).click()

export async function say(page: Page, text: string) {
  await field(page).fill(text)
  await field(page).press('Enter')
}

/** The same on a phone, where Enter breaks the line. */
export async function sayByTouch(page: Page, text: string) {
  await field(page).fill(text)
  await page.getByRole('button', { name: 'Send', exact: true }).tap()
}

/** Sends a message and waits until the log has it; waiting for `Sending…` to go could be too early. */
export async function send(page: Page, text: string) {
  await say(page, text)
  await log(page).locator('article[data-id]', { hasText: text }).first().waitFor()
}

/** Everything that the browser stores for the page's origin, as text, including unsent messages. */
export const kept = (page: Page) =>
  page.evaluate<string>(`(async () => {
    const answer = request => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
    const found = [{ ...localStorage }, { ...sessionStorage }]
    for (const { name } of await indexedDB.databases()) {
      const database = await answer(indexedDB.open(name))
      for (const store of database.objectStoreNames)
        found.push(await answer(database.transaction(store).objectStore(store).getAll()))
      database.close()
    }
    return JSON.stringify(found)
  })()`)

/** The texts of the log once it holds the last of these. */
export async function texts(page: Page, last: string) {
  await row(page, last).first().waitFor()
  return log(page).locator('.text').allTextContents()
}

/** Whether the list shows the message whole. */
export async function isInView(page: Page, text: string) {
  if ((await row(page, text).count()) === 0) return false
  const [list, message] = await Promise.all([log(page).boundingBox(), row(page, text).boundingBox()])
  return Boolean(list && message && message.y >= list.y && message.y + message.height <= list.y + list.height)
}

/** Fills the default room over HTTP. */
export async function fill(fastify: FastifyInstance, count: number) {
  const { headers } = await register(fastify, 'scribe')
  for (let i = 1; i <= count; i++) {
    await fastify.inject({
      method: 'POST',
      url: '/rooms/default/messages',
      headers,
      payload: { text: `line ${String(i).padStart(3, '0')}` },
    })
  }
}
