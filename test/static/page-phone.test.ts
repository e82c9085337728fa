import type { Page } from 'playwright-core'
import {
  field,
  fill,
  inBrowser,
  isInView,
  row,
  say,
  sayByTouch,
  send,
  serve,
  signUp,
  texts,
  until,
  visit,
} from '../support/browser.js'

const phone = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true }

/** The room's header and the composer are within the remaining height. */
async function fits(page: Page, height: number) {
  const [head, composer] = await Promise.all([
    page.locator('.room-head').boundingBox(),
    page.locator('.composer').boundingBox(),
  ])
  return head !== null && composer !== null && head.y >= 0 && composer.y + composer.height <= height
}
const fitsAtEnd = async (page: Page, height: number, last: string) =>
  (await fits(page, height)) && (await isInView(page, last))

/** Like browsers that lay the keyboard over the page: only the visual viewport shrinks, and the page is pushed up. */
const keyboard = (height: number, offset = 0, scale = 1) => `
  for (const [name, value] of Object.entries({ height: ${height}, offsetTop: ${offset}, scale: ${scale} }))
    Object.defineProperty(visualViewport, name, { configurable: true, get: () => value })
  visualViewport.dispatchEvent(new Event('resize'))
`

inBrowser('on a phone', async (t, browser) => {
  await t.test(
    'an on-screen keyboard covers neither the field nor the last message, however the browser shows it',
    async t => {
      const { fastify, url } = await serve(t)
      await fill(fastify, 60)
      const page = await visit(t, browser, url, phone)
      await signUp(page, 'minji', false)
      await until(page, () => fitsAtEnd(page, 640, 'line 060'))
      await field(page).tap()

      // The layout viewport itself shrinks.
      await page.setViewportSize({ width: 360, height: 340 })
      await until(page, () => fitsAtEnd(page, 340, 'line 060'))
      await page.setViewportSize({ width: 360, height: 640 })
      await until(page, () => fitsAtEnd(page, 640, 'line 060'))

      await page.evaluate('document.body.style.paddingBottom = "600px"; scrollTo(0, 120)')
      t.equal(await page.evaluate('scrollY'), 120)
      await page.evaluate(keyboard(340, 120))
      await until(page, () => fitsAtEnd(page, 340, 'line 060'))
      await page.evaluate('document.body.style.paddingBottom = ""')
      await sayByTouch(page, 'above the keys')
      await until(page, () => fitsAtEnd(page, 340, 'above the keys'))

      await page.evaluate(keyboard(170, 0, 2))
      await page.evaluate('new Promise(requestAnimationFrame)')
      t.equal((await page.locator('.chat').boundingBox())?.height, 340, 'zooming in does not change the height')
      await page.evaluate(keyboard(640))
      await until(page, () => fitsAtEnd(page, 640, 'above the keys'))
      t.equal((await page.locator('.chat').boundingBox())?.height, 640)
    },
  )

  await t.test('an on-screen keyboard keeps the old message being read in view', async t => {
    const { fastify, url } = await serve(t)
    await fill(fastify, 25)
    const page = await visit(t, browser, url, phone)
    await signUp(page, 'minji', false)
    await row(page, 'line 025').waitFor()
    await row(page, 'line 005').evaluate(element => element.scrollIntoView())
    const top = async () => (await row(page, 'line 005').boundingBox())?.y
    const before = await top()
    await page.setViewportSize({ width: 360, height: 340 })
    await until(page, async () => (await fits(page, 340)) && (await top()) === before)
  })

  await t.test('Enter breaks the line and the button sends, in an edit, too; with a mouse Enter sends', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url, phone)
    await signUp(page, 'minji', false)
    t.equal(await field(page).getAttribute('enterkeyhint'), 'enter')
    await field(page).pressSequentially('one')
    await page.keyboard.press('Enter')
    await page.keyboard.type('two')
    t.equal(await field(page).inputValue(), 'one\ntwo')
    await page.getByRole('button', { name: 'Send', exact: true }).tap()
    t.strictSame(await texts(page, 'one'), ['one\ntwo'])
    t.ok(await field(page).evaluate(element => element.matches(':focus')), 'the keyboard stays open')
    await page.locator('article[data-id]').first().waitFor()
    await page.keyboard.press('ArrowUp')
    const edit = page.getByRole('textbox', { name: 'Edit message' })
    await edit.press('Enter')
    await edit.pressSequentially('three')
    await page.getByRole('button', { name: 'Save' }).tap()
    await page.getByText('(edited)').waitFor()
    t.strictSame(await texts(page, 'three'), ['one\ntwo\nthree'])

    const desk = await visit(t, browser, url)
    await signUp(desk, 'sora')
    t.equal(await field(desk).getAttribute('enterkeyhint'), 'send')
    await send(desk, 'four')
  })

  await t.test('nothing is animated with prefers-reduced-motion', async t => {
    const { fastify, url } = await serve(t)
    await fill(fastify, 60)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await row(page, 'line 060').waitFor()
    const moving = () => page.evaluate<number>('document.getAnimations().length')
    await fastify.close()
    await say(page, 'one')
    await row(page, 'one').getByText('Sending…').waitFor()
    t.ok((await moving()) > 0, 'without the setting something is animated')

    await page.emulateMedia({ reducedMotion: 'reduce' })
    // What was running when the setting changed ends within a fraction of a second.
    await until(page, async () => (await moving()) === 0)
    await say(page, 'two')
    await row(page, 'two').getByText('Sending…').waitFor()
    await page.locator('.sidebar .menu summary').click()
    await page.getByRole('button', { name: 'Keyboard shortcuts' }).click()
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    t.equal(await moving(), 0)
    const styles = await page.evaluate<string[]>(`[...document.querySelectorAll('*')].flatMap(element => {
      const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(element)
      const still = animationName === 'none' && transitionDuration === '0s' && scrollBehavior === 'auto'
      return still ? [] : [element.outerHTML.slice(0, 100)]
    })`)
    t.strictSame(styles, [])
  })
})
