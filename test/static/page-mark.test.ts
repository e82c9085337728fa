import type { FastifyInstance } from 'fastify'
import type { Page } from 'playwright-core'
import { register } from '../support/application.js'
import { fill, inBrowser, isInView, log, row, say, serve, signUp, until, visit } from '../support/browser.js'

/** A tab that can be hidden: without a window manager the browser reports every tab as visible. */
const HIDEABLE = 'Object.defineProperty(document, "hidden", { get: () => window.away === true, configurable: true })'
const turn = (page: Page, away: boolean) =>
  page.evaluate(`window.away = ${away}; document.dispatchEvent(new Event('visibilitychange'))`)

const line = (page: Page) => log(page).getByText('New', { exact: true })
const newest = (page: Page) => page.locator('.jump-to-latest')
/** The message after which the server says that the user has read nothing. */
async function markOf(fastify: FastifyInstance) {
  const room = await fastify.rooms.get('default', 'minji')
  return { mark: room.last_read_seq, unread: room.unread }
}
const number = async (page: Page, text: string) => Number(await row(page, text).getAttribute('data-id'))

/** Puts a message at the lower edge of the list. */
const scrollTo = (page: Page, text: string) =>
  row(page, text).evaluate(element => element.scrollIntoView({ block: 'end' }))

inBrowser('the reading position', async (t, browser) => {
  await t.test('the mark follows the last message that was on the screen, and the room opens there again', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const { headers } = await register(fastify, 'jun')
    const made = await fastify.inject({ method: 'POST', url: '/rooms', headers, payload: { name: 'Lunch' } })
    const lunch = made.json<{ id: string }>().id
    await fastify.inject({ method: 'PUT', url: `/rooms/${lunch}/members/minji`, headers })
    await say(page, 'good night')
    await page.locator('article[data-id]').first().waitFor()
    await page.goto('about:blank')
    await fill(fastify, 200)
    await page.goto(`${url}/r/default`)
    await line(page).waitFor()
    await until(page, () => isInView(page, 'line 001'))

    // Row and step are looked at in one turn of the page, or a page of history that arrives between them would bring
    // what lies behind line 060 onto the screen.
    while (
      !(await log(page).evaluate(box => {
        const rows = [...box.querySelectorAll('article')]
        if (rows.some(({ textContent }) => textContent?.includes('line 061'))) return true
        rows.at(-1)?.scrollIntoView({ block: 'end' })
        return false
      }))
    ) {
      await page.evaluate('new Promise(requestAnimationFrame)')
    }
    await scrollTo(page, 'line 060')
    const at = await number(page, 'line 060')
    await until(page, async () => (await markOf(fastify)).mark >= at)
    const { mark, unread } = await markOf(fastify)
    t.equal(mark, at)
    t.equal(unread, 140, 'what lies behind it is unread')
    await until(page, async () => (await newest(page).textContent()) === '140')
    t.equal(await newest(page).getAttribute('aria-label'), '140 new messages')
    t.match(await page.title(), /^\(99\+\) Lobby/)

    await log(page).evaluate(box => box.scrollTo(0, 0))
    await page.evaluate('new Promise(done => setTimeout(done, 600))')
    t.equal((await markOf(fastify)).mark, at, 'it never moves back')

    await page.getByRole('link', { name: 'Lunch' }).click()
    await page.getByRole('link', { name: /Lobby.*140 unread/ }).click()
    await line(page).waitFor()
    await until(page, () => isInView(page, 'line 061'))
    t.ok(await isInView(page, 'line 060'), 'with the last one that was read above the line')
    t.notOk(await isInView(page, 'line 002'))
  })

  await t.test('the button to the newest message tells how many lie behind, never the server’s maximum', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await page.goto('about:blank')
    await fill(fastify, 1100)
    await page.goto(`${url}/r/default`)
    await until(page, async () => (await newest(page).textContent()) === '999+')
    t.equal(await newest(page).getAttribute('aria-label'), '999+ new messages')
    const at = await log(page).locator('article').first().getAttribute('data-id')
    await page.goto(`${url}/r/default#${Number(at) + 200}`)
    await page.reload()
    // The server counts again, once the mark is further than its maximum can tell.
    await until(page, async () => /^[89]\d\d$/.test((await newest(page).textContent()) ?? ''))
  })

  await t.test('a tab that was hidden shows a line above what is new, until the user leaves the room', async t => {
    const { fastify, url } = await serve(t)
    await fill(fastify, 40)
    const page = await visit(t, browser, url)
    await page.addInitScript(HIDEABLE)
    await page.reload()
    await signUp(page, 'minji')
    await until(page, () => isInView(page, 'line 040'))
    await until(page, async () => (await markOf(fastify)).unread === 0)
    const { headers } = await register(fastify, 'jun')
    const tell = (text: string) =>
      fastify.inject({ method: 'POST', url: '/rooms/default/messages', headers, payload: { text } })

    await turn(page, true)
    await tell('soup?')
    await tell('bread?')
    await row(page, 'bread?').waitFor()
    await until(page, async () => /^\(2\) /.test(await page.title()))
    t.equal(await line(page).count(), 0)
    await turn(page, false)
    await line(page).waitFor()
    const order = await page.evaluate<boolean>(`(() => {
      const line = document.querySelector('.unread-line')
      return line.nextElementSibling.textContent.includes('soup?')
    })()`)
    t.ok(order, 'the line is just above the first message that was not seen')
    await until(page, () => isInView(page, 'bread?'))
    await until(page, async () => /^Lobby/.test(await page.title()))
    await say(page, 'both')
    await page.locator('article[data-id]', { hasText: 'both' }).waitFor()
    t.equal(await line(page).count(), 1, 'it stays')

    // More than fits the screen: the line is shown, and what lies below it is not read yet.
    await turn(page, true)
    for (let i = 0; i < 120; i++) await tell(`news ${i}`)
    await until(page, async () => /^\(99\+\) /.test(await page.title()))
    await turn(page, false)
    await until(page, () => isInView(page, 'news 0'))
    t.ok(await isInView(page, 'both'))
    t.ok((await markOf(fastify)).unread > 80)
    t.match(await page.title(), /^\((8|9)\d\+?\)|^\(99\+\)/)
    await newest(page).click()
    await until(page, () => isInView(page, 'news 119'))
    await until(page, async () => /^Lobby/.test(await page.title()))

    await page.getByRole('link', { name: 'Browse rooms' }).click()
    await page.getByRole('link', { name: 'Lobby' }).first().click()
    await row(page, 'news 119').waitFor()
    t.equal(await line(page).count(), 0)
  })

  await t.test('a room that was opened in a hidden tab is seen at its first new message', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await say(page, 'good night')
    await page.locator('article[data-id]').first().waitFor()
    await page.goto('about:blank')
    await fill(fastify, 100)
    await page.addInitScript(`window.away = true; ${HIDEABLE}`)
    await page.goto(`${url}/r/default`)
    await line(page).waitFor()
    await turn(page, false)
    await until(page, () => isInView(page, 'line 001'))
    await until(page, async () => (await markOf(fastify)).mark > 0)
    await page.evaluate('new Promise(done => setTimeout(done, 600))')
    t.ok(await isInView(page, 'line 001'))
    t.ok((await markOf(fastify)).unread > 50, 'what lies behind it is unread')
  })
})
