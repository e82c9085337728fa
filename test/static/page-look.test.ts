import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type { Test } from 'tap'
import { fillScene, PASSWORD } from '../../bench/scene.js'
import { inBrowser, serve, visit } from '../support/browser.js'

/**
 * Screenshots of the main screens, compared with those in `look/`. `UPDATE_LOOK=1` writes these anew: look at each
 * before you commit it.
 */
const REFERENCES = fileURLToPath(new URL('../../../test/static/look/', import.meta.url))
/** What a failed comparison saw, for the developer. */
const SEEN = fileURLToPath(new URL('../../look/', import.meta.url))

/** Screenshots are compared by the mean color of squares of this size, so that the edges of letters do not count, px. */
const SQUARE = 4
/** Two squares are the same up to this distance of their mean colors in each channel, of 255. */
const NEAR = 20
/** The share of squares that may differ: another version of the browser draws letters a little wider. */
const DIFFERENT_MAX = 0.01

/** Times, the hues of random ids and what the pointer is over differ from run to run. */
const SETTLE = `
  for (const time of document.querySelectorAll('time')) time.textContent = '10:24'
  for (const tile of document.querySelectorAll('.tile')) tile.className = 'tile hue-9'
  for (const facts of document.querySelectorAll('.room-card .note')) facts.style.visibility = 'hidden'
`

/** The share of squares that differ, or 1 if the sizes do. The browser decodes the images. */
async function difference(page: Page, one: Buffer, other: Buffer): Promise<number> {
  const urls = [one, other].map(png => `data:image/png;base64,${png.toString('base64')}`)
  return page.evaluate<number>(`(async () => {
    const [one, other] = await Promise.all(${JSON.stringify(urls)}.map(async url => {
      const image = new Image()
      image.src = url
      await image.decode()
      const width = Math.floor(image.width / ${SQUARE})
      const height = Math.floor(image.height / ${SQUARE})
      const canvas = new OffscreenCanvas(image.width, image.height)
      const context = canvas.getContext('2d')
      context.drawImage(image, 0, 0)
      const { data } = context.getImageData(0, 0, image.width, image.height)
      const means = new Float64Array(width * height * 3)
      for (let y = 0; y < height * ${SQUARE}; y++)
        for (let x = 0; x < width * ${SQUARE}; x++)
          for (let c = 0; c < 3; c++)
            means[(Math.floor(y / ${SQUARE}) * width + Math.floor(x / ${SQUARE})) * 3 + c] +=
              data[(y * image.width + x) * 4 + c] / ${SQUARE ** 2}
      return { size: image.width + ' ' + image.height, means }
    }))
    if (one.size !== other.size) return 1
    let different = 0
    for (let i = 0; i < one.means.length; i += 3)
      if ([0, 1, 2].some(c => Math.abs(one.means[i + c] - other.means[i + c]) > ${NEAR})) different++
    return different / (one.means.length / 3)
  })()`)
}

/** Half as large, so that the files stay small. */
const deviceScaleFactor = 0.5
const desk = { locale: 'ko', deviceScaleFactor, viewport: { width: 1080, height: 640 } }
const phone = { locale: 'ko', deviceScaleFactor, viewport: { width: 390, height: 700 }, hasTouch: true, isMobile: true }
const dark = { colorScheme: 'dark' } as const

interface Screen {
  name: string
  options: BrowserContextOptions
  /** The room that is open, or a path; null for the entrance. */
  at: '제품 개발' | '책 읽는 모임' | '/browse' | null
  act?: (page: Page) => Promise<unknown>
}

const press = (name: RegExp) => (page: Page) => page.getByRole('button', { name }).first().click()

const screens: Screen[] = [
  { name: 'login', options: desk, at: null },
  { name: 'room', options: desk, at: '제품 개발' },
  {
    name: 'members-dark',
    options: { ...desk, ...dark },
    at: '제품 개발',
    async act(page) {
      await press(/^멤버$/)(page)
      await page.locator('.member').nth(5).waitFor()
    },
  },
  { name: 'about', options: desk, at: '제품 개발', act: press(/^채팅방 정보$/) },
  { name: 'create-room', options: { ...desk, locale: 'en' }, at: '제품 개발', act: press(/^Create a room$/) },
  {
    name: 'browse',
    options: { ...desk, locale: 'en' },
    at: '/browse',
    act: page => page.locator('.listing').nth(7).waitFor(),
  },
  {
    name: 'switcher',
    options: desk,
    at: '제품 개발',
    async act(page) {
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox').fill('ㅈ')
      await page.locator('.switcher-hit').nth(2).waitFor()
    },
  },
  { name: 'door', options: desk, at: '책 읽는 모임' },
  { name: 'phone-room', options: phone, at: '제품 개발' },
  { name: 'phone-list-dark', options: { ...phone, ...dark }, at: '제품 개발', act: press(/^채팅방$/) },
]

inBrowser('the look of the main screens', async (t, browser) => {
  const { url } = await serve(t)
  const rooms = await fillScene(url)

  for (const { name, options, at, act } of screens) {
    await t.test(`${name} looks as it did`, async t => {
      const path = at === null || at === '/browse' ? (at ?? '/') : `/r/${rooms[at]}`
      const page = await visit(t, browser, url + path, { ...options, reducedMotion: 'reduce' })
      if (at !== null) await logIn(page)
      if (at === '제품 개발') {
        await page.locator('article').last().waitFor()
        // Names and colors come after the messages.
        await page.locator('article', { hasText: '정하늘' }).waitFor()
      }
      await act?.(page)
      await compare(t, browser, page, name)
    })
  }
})

async function logIn(page: Page) {
  await page.getByRole('button', { name: /^(Log in|로그인)$/ }).click()
  await page.locator('input[name=username]').fill('minji')
  await page.locator('input[name=password]').fill(PASSWORD)
  await page.locator('form button[type=submit]').click()
  await page.locator('.chat').waitFor()
}

async function compare(t: Test, browser: Browser, page: Page, name: string) {
  await page.mouse.move(0, 0)
  // Every name in the list of rooms has been looked up.
  await page.evaluate('new Promise(done => setTimeout(done, 500))')
  await page.evaluate(SETTLE)
  const seen = await page.screenshot({ animations: 'disabled', caret: 'hide' })
  const reference = `${REFERENCES}${name}.png`
  if (process.env.UPDATE_LOOK) {
    mkdirSync(REFERENCES, { recursive: true })
    writeFileSync(reference, seen)
  }
  if (!existsSync(reference)) return t.fail(`there is no ${reference}: UPDATE_LOOK=1 makes it`)
  const judge = await browser.newPage()
  const share = await difference(judge, seen, readFileSync(reference))
  await judge.close()
  if (share > DIFFERENT_MAX) {
    mkdirSync(SEEN, { recursive: true })
    writeFileSync(`${SEEN}${name}.png`, seen)
  }
  t.ok(share <= DIFFERENT_MAX, `${(share * 100).toFixed(2)} % differ; what was seen is in ${SEEN}`)
}
