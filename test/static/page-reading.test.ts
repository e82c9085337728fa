import type { Page } from 'playwright-core'
import { register } from '../support/application.js'
import {
  field,
  fill,
  inBrowser,
  isInView,
  log,
  row,
  say,
  send,
  serve,
  signUp,
  texts,
  until,
  visit,
} from '../support/browser.js'

/** The most rows on the page: 150 on each side of the one being read, and some slack. */
const ROWS_MAX = 420

inBrowser('reading and writing', async (t, browser) => {
  await t.test('history scrolls to its beginning and back with a bounded number of rows and no jumps', async t => {
    const { fastify, url } = await serve(t)
    await fill(fastify, 600)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await row(page, 'line 600').waitFor()
    let most = 0
    const rows = async () => {
      const count = await log(page).locator('article').count()
      most = Math.max(most, count)
      return count
    }
    const ids = () =>
      log(page)
        .locator('article')
        .evaluateAll(rows => rows.map(row => Number(row.getAttribute('data-id'))))
    /** Scrolls to an end of the loaded messages and waits for more. */
    async function onwards(page: Page, up: boolean) {
      const edge = await log(page).evaluate((box, up) => {
        box.scrollTop = up ? 300 : box.scrollHeight - box.clientHeight - 300
        const rows = [...box.querySelectorAll('article')]
        const row = rows.find(row => row.getBoundingClientRect().top >= box.getBoundingClientRect().top)
        const ends = [rows[0], rows.at(-1)].map(row => Number(row?.getAttribute('data-id')))
        const top = row?.querySelector('.text')?.getBoundingClientRect().top ?? 0
        return { id: row?.getAttribute('data-id'), top, ends }
      }, up)
      await until(page, async () => {
        await rows()
        const now = await ids()
        return up ? (now[0] ?? 0) < (edge.ends[0] ?? 0) : (now.at(-1) ?? 0) > (edge.ends[1] ?? 0)
      })
      const top = (await log(page).locator(`[data-id="${edge.id}"] .text`).boundingBox())?.y ?? 0
      t.ok(Math.abs(top - edge.top) <= 2, `message ${edge.id} stood still`)
    }
    while ((await row(page, 'line 001').count()) === 0) await onwards(page, true)
    t.equal(await row(page, 'line 600').count(), 0, 'the newest are dropped')
    while ((await row(page, 'line 600').count()) === 0) await onwards(page, false)
    t.equal(await row(page, 'line 001').count(), 0, 'the oldest are dropped')
    t.ok(most <= ROWS_MAX, `${most} rows at most`)
    const shown = await log(page).locator('.text').allTextContents()
    const last = 600
    t.strictSame(
      shown,
      shown.map((_, i) => `line ${String(last - shown.length + 1 + i).padStart(3, '0')}`),
      'without a hole',
    )
  })

  await t.test('a room opens at the first of many unread messages, with a button to the newest', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await send(page, 'good night')
    await page.goto('about:blank')
    await fill(fastify, 200)
    await page.goto(url)
    await log(page).getByText('New', { exact: true }).waitFor()
    await until(page, () => isInView(page, 'line 001'))
    t.equal(await row(page, 'line 200').count(), 0)
    await page.getByRole('button', { name: /1\d\d new messages/ }).click()
    await until(page, () => isInView(page, 'line 200'))
    await page.getByRole('button', { name: /new message/ }).waitFor({ state: 'detached' })
    // Everything is read.
    await until(page, async () => !(await page.title()).startsWith('('))
  })

  await t.test('a reference scrolls to its message, and going back restores the position', async t => {
    const { fastify, url } = await serve(t)
    await fill(fastify, 200)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const id = await row(page, 'line 195').getAttribute('data-id')
    const far = Number(id) - 185
    await send(page, `as in ${url}/r/default#${far}`)
    await row(page, 'as in').getByRole('link').click()
    await until(page, () => isInView(page, 'line 010'))
    await page.goBack()
    await until(page, () => isInView(page, 'as in'))
    await page.goForward()
    await until(page, () => isInView(page, 'line 010'))
  })

  await t.test('a screen taller than one page of history is filled around the requested message', async t => {
    const { fastify, url } = await serve(t)
    await fill(fastify, 400)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await page.setViewportSize({ width: 1000, height: 3000 })
    const id = Number(await row(page, 'line 400').getAttribute('data-id'))
    await send(page, `as in ${url}/r/default#${id - 200}`)
    await row(page, 'as in').getByRole('link').click()
    const isFull = () => log(page).evaluate(element => element.scrollHeight > element.clientHeight + 600)
    await until(page, async () => (await isInView(page, 'line 200')) && (await isFull()))
    t.equal(await row(page, 'line 400').count(), 0, 'and it does not load on to the end')
  })

  await t.test('code is shown verbatim, and an emoji can be picked with the keyboard', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await say(page, 'so: `a<b>` and\n```js\nif (a) {\n  <i>b</i>\n}\n```')
    await row(page, 'so:').locator('pre').waitFor()
    t.equal(await row(page, 'so:').locator('pre code').textContent(), 'if (a) {\n  <i>b</i>\n}')
    t.equal(await row(page, 'so:').locator('.text code').first().textContent(), 'a<b>')
    t.equal(await log(page).locator('b, i').count(), 0)

    await field(page).fill('thanks ')
    await page.getByRole('button', { name: 'Emoji' }).click()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    t.match((await texts(page, 'thanks')).at(-1), /^thanks \p{Emoji}/u)
    await page.getByRole('button', { name: 'Emoji' }).click()
    await page.keyboard.press('Escape')
    await page.getByRole('group', { name: 'Emoji' }).waitFor({ state: 'detached' })
    t.ok(await field(page).evaluate(element => element.matches(':focus')))
  })

  await t.test('after a key opens something, the next key goes to it', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await send(page, 'first')
    /** The focused element before anything is drawn again. */
    const focused = (act: string) =>
      page.evaluate(`(async () => {
        const press = key => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, ...key }))
        ${act}
        for (let i = 0; i < 5; i++) await null
        const { activeElement } = document
        return activeElement.ariaLabel ?? activeElement.textContent
      })()`)
    t.equal(await focused(`document.querySelector('.emoji-picker > button').click()`), '😀')
    t.equal(await focused(`press({ key: 'Escape' })`), 'Message Lobby')
    t.equal(await focused(`press({ key: 'ArrowUp' })`), 'Edit message')
    t.equal(await page.getByRole('textbox', { name: 'Edit message' }).inputValue(), 'first')
    t.equal(await focused(`press({ key: 'Escape' })`), 'Message Lobby')
    t.equal(await focused(`press({ key: 'F', ctrlKey: true, shiftKey: true })`), 'Search this room')
    await page.getByRole('button', { name: 'Your profile' }).focus()
    t.equal(await focused(`press({ key: '?' })`), 'Close')
    await page.keyboard.press('Escape')
    await row(page, 'first').hover()
    await page.getByRole('button', { name: 'Search' }).first().focus()
    t.equal(await focused(`document.querySelector('.actions [aria-label=Reply]').click()`), 'Message Lobby')
  })

  await t.test('other users’ new messages are announced, history and one’s own are not', async t => {
    const { fastify, url } = await serve(t)
    await fill(fastify, 80)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const said = page.locator('.messages-area > [aria-live=polite]')
    await row(page, 'line 080').waitFor()
    // Once may be too early: the next page is loaded above the visible part.
    await until(page, async () => {
      await log(page).evaluate(box => box.scrollTo(0, 0))
      return (await row(page, 'line 001').count()) > 0
    })
    await say(page, 'me')
    await row(page, 'me').waitFor()
    t.equal(await said.textContent(), '')
    const { headers } = await register(fastify, 'jun')
    await fastify.inject({ method: 'POST', url: '/rooms/default/messages', headers, payload: { text: 'lunch?' } })
    await row(page, 'lunch?').waitFor()
    await until(page, async () => (await said.textContent()) === 'jun: lunch?')
  })

  await t.test('“Today” becomes “Yesterday” at midnight, without a reload', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    await page.clock.install({ time: new Date(2026, 9, 21, 22, 0) })
    await page.reload()
    await signUp(page, 'minji')
    await send(page, 'good night')
    const day = () => log(page).getByRole('separator').first().textContent()
    const listed = () => page.locator('.room-link time').textContent()
    // The server's clock is the real one: the page's is set to the evening of that day.
    const sent = new Date((await log(page).locator('time').first().getAttribute('datetime')) as string)
    await page.clock.setFixedTime(new Date(sent.getFullYear(), sent.getMonth(), sent.getDate(), 23, 59))
    await page.evaluate('document.dispatchEvent(new Event("visibilitychange"))')
    await until(page, async () => (await day()) === 'Today')
    t.match(await listed(), /^\d{1,2}:\d\d/)
    await page.clock.setFixedTime(new Date(sent.getFullYear(), sent.getMonth(), sent.getDate() + 1, 0, 1))
    await page.clock.runFor(26 * 60 * 60_000)
    await until(page, async () => (await day()) === 'Yesterday')
    t.equal(await listed(), 'Yesterday')
  })

  await t.test('a browser’s translation shows no old text after an edit, in the message and in a quote', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await send(page, 'soup at noon')
    await row(page, 'soup at noon').hover()
    await row(page, 'soup at noon').getByRole('button', { name: 'Reply' }).click()
    await send(page, 'fine')
    // As browsers do it: each text node is replaced by elements with the translation.
    await page.evaluate(`for (const part of document.querySelectorAll('.messages .text, .messages .quote > span')) {
      const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT)
      const texts = []
      while (walker.nextNode()) texts.push(walker.currentNode)
      for (const text of texts) {
        const [outer, inner] = [document.createElement('font'), document.createElement('font')]
        inner.textContent = 'translated'
        outer.append(inner)
        text.replaceWith(outer)
      }
    }`)
    const id = Number(await log(page).locator('article').first().getAttribute('data-id'))
    await fastify.messages.edit('default', 'minji', id, { client_id: 'edit', text: 'stew at one' })
    await row(page, 'stew at one').first().waitFor()
    t.strictSame(await log(page).locator('.text').allTextContents(), ['stew at one', 'translated'])
    t.equal(await log(page).locator('.quote > span').textContent(), 'stew at one')
    await fastify.messages.remove('default', 'minji', id, 'remove')
    await row(page, 'This message was deleted.').first().waitFor()
    t.equal(await log(page).getByText('stew at one').count(), 0)
  })
})
