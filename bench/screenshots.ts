/** `npm run screenshots`: the main screens as PNGs in docs/screenshots. Needs Chromium and Korean fonts. */
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { launch } from './browser.js'
import { exitOnSignals } from './exit-on-signals.js'
import { startServer } from './replay/server.js'
import { fillScene, PASSWORD } from './scene.js'

const FOLDER = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url))
const desk = { viewport: { width: 1280, height: 800 } }
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
const dark = { colorScheme: 'dark' } as const

mkdirSync(FOLDER, { recursive: true })
/** Only the screens named on the command line, or all. */
const only = process.argv.slice(2)
exitOnSignals()
const server = await startServer()
const browser = await launch()
try {
  const { base_url } = server
  const rooms = await fillScene(base_url)
  const product = `/r/${rooms['제품 개발']}`

  async function logIn(page: Page) {
    await page.getByRole('button', { name: /^(Log in|로그인)$/ }).click()
    await page.locator('input[name=username]').fill('minji')
    await page.locator('input[name=password]').fill(PASSWORD)
    await page.locator('form button[type=submit]').click()
    await page.locator('.chat').waitFor()
  }
  async function shoot(
    name: string,
    locale: 'en' | 'ko',
    path: string | null,
    options: BrowserContextOptions,
    act?: (page: Page) => Promise<void>,
  ) {
    if (only.length > 0 && !only.includes(name)) return
    const page = await browser.newPage({ locale, ...options })
    await page.goto(base_url + (path ?? ''))
    if (path !== null) await logIn(page)
    if (path?.startsWith('/r/')) await page.locator('article, .door, .room-start').last().waitFor()
    await act?.(page)
    await page.evaluate('document.fonts.ready')
    await page.evaluate('Promise.all([...document.images].map(image => image.decode()))')
    await page.screenshot({ path: `${FOLDER}${name}.png`, animations: 'disabled', caret: 'hide' })
    await page.context().close()
    console.log(`docs/screenshots/${name}.png`)
  }
  const press = (name: RegExp) => (page: Page) => page.getByRole('button', { name }).first().click()
  const open = (name: RegExp) => async (page: Page) => {
    await press(name)(page)
    await page.locator('dialog, .panel').waitFor()
  }
  const search = async (page: Page) => {
    await press(/^(Search|검색)$/)(page)
    await page.locator('.panel input').fill('릴리스')
    await page.locator('.panel input').press('Enter')
    await page.locator('.hit').first().waitFor()
  }
  const members = async (page: Page) => {
    await press(/^(Members|멤버)$/)(page)
    await page.locator('.member').nth(4).waitFor()
  }

  await shoot('desk', 'ko', product, desk)
  await shoot('dark', 'ko', product, { ...desk, ...dark }, members)
  await shoot('english', 'en', product, desk)
  await shoot('about', 'ko', product, desk, open(/^채팅방 정보$/))
  await shoot('search', 'ko', product, desk, search)
  await shoot('search-all', 'ko', product, { ...desk, ...dark }, async page => {
    await search(page)
    await press(/^내 모든 채팅방$/)(page)
    await page.locator('.hit-room').first().waitFor()
  })
  await shoot('switcher', 'ko', product, desk, async page => {
    await page.locator('article', { hasText: '정하늘' }).waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox').fill('ㅈ')
    await page.locator('.switcher-hit').nth(2).waitFor()
  })
  await shoot('browse', 'en', '/browse', desk, page => page.locator('.listing').nth(4).waitFor())
  await shoot('create-room', 'en', product, desk, open(/^Create a room$/))
  await shoot('profile', 'ko', product, desk, open(/내 프로필/))
  await shoot('menu', 'ko', product, desk, page => page.locator('.sidebar .menu summary').click())
  await shoot('empty', 'ko', '/r/default', desk)
  await shoot('door', 'en', `/r/${rooms['책 읽는 모임']}`, desk)
  await shoot('login', 'ko', null, desk, press(/^로그인$/))
  await shoot('sign-up', 'en', null, { ...desk, ...dark })
  await shoot('phone', 'ko', product, phone)
  await shoot('phone-list', 'ko', product, phone, press(/^채팅방$/))
  await shoot('phone-browse', 'ko', '/browse', { ...phone, ...dark })
} finally {
  await browser.close()
  await server.stop()
}
