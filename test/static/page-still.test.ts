import type { FastifyInstance } from 'fastify'
import type { Page } from 'playwright-core'
import { register } from '../support/application.js'
import { inBrowser, log, row, say, serve, signUp, until, visit } from '../support/browser.js'
import { startSlowProxy } from '../support/slow-proxy.js'

/** Half of a round trip, ms. */
const DELAY_MS = 150

/**
 * Watches one's own message with every frame, from when it is shown until some frames after the log has it: where its
 * parts stand and how high they are.
 */
const WATCH = `
  window.watch = word => new Promise(resolve => {
    const parts = { row: 'article', avatar: '.avatar', name: '.person', time: 'time', quote: '.quote', text: '.text' }
    const seen = Object.fromEntries(Object.keys(parts).map(name => [name, new Set()]))
    let settled = 0
    let frames = 0
    const look = () => {
      const row = [...document.querySelectorAll('.messages article')]
        .find(row => row.querySelector('.text')?.textContent.startsWith(word))
      if (row) {
        frames++
        for (const [name, selector] of Object.entries(parts)) {
          const part = selector === 'article' ? row : row.querySelector(selector)
          // Of a text, its letters: the element around them is a block or not.
          const letters = document.createRange()
          if (part) letters.selectNodeContents(part)
          const { left, top, height } = (name === 'text' ? letters.getClientRects()[0] : part?.getBoundingClientRect()) ?? {}
          seen[name].add([left, top, height].join(' '))
        }
        if (row.dataset.id) settled++
      }
      if (settled < 20) requestAnimationFrame(look)
      else resolve({ frames, moved: Object.entries(seen).filter(([, places]) => places.size > 1).map(([name, places]) => name + ': ' + [...places].join(' | ')) })
    }
    requestAnimationFrame(look)
  })
`

/** Sends a text and reports what moved. */
async function sendWatched(page: Page, text: string) {
  await page.evaluate(`void (window.watching = window.watch(${JSON.stringify(text.split(' ')[0])}))`)
  await say(page, text)
  return page.evaluate<{ frames: number; moved: string[] }>('window.watching')
}

/** Messages at given times, which the server’s clock alone decides otherwise. */
async function fillAt(fastify: FastifyInstance, username: string, count: number, seconds_apart: number) {
  const now = Date.now
  const start = now() - count * seconds_apart * 1000
  try {
    for (let i = 1; i <= count; i++) {
      Date.now = () => start + i * seconds_apart * 1000
      const text = `line ${String(i).padStart(3, '0')}`
      await fastify.messages.send('default', username, { client_id: `at-${i}`, text })
    }
  } finally {
    Date.now = now
  }
}

inBrowser('what stands on the screen', async (t, browser) => {
  await t.test('nothing in a sent row moves until the server has acknowledged it, and after', async t => {
    const { fastify, port } = await serve(t)
    const url = await startSlowProxy(t, port, DELAY_MS)
    const page = await visit(t, browser, url)
    await page.addInitScript(WATCH)
    await page.reload()
    await signUp(page, 'minji')
    await page.getByText('No messages yet.', { exact: false }).waitFor()
    const watched = async (text: string, about: string) => {
      const { frames, moved } = await sendWatched(page, text)
      t.strictSame(moved, [], `${about} (${frames} frames)`)
    }
    await watched('first', 'the first of the room and the day')
    await watched('second', 'one below one’s own')
    const { headers } = await register(fastify, 'jun')
    await fastify.inject({ method: 'POST', url: '/rooms/default/messages', headers, payload: { text: 'hello' } })
    await row(page, 'hello').waitFor()
    await watched('third', 'one below another user’s')
    await watched('some `piece` of code\n```\nin a block\n```', 'code')
    await row(page, 'hello').hover()
    await row(page, 'hello').getByRole('button', { name: 'Reply' }).click()
    await watched('fourth', 'a reply')
    await watched('안녕하세요! 조금 더 긴 문장을 씁니다. '.repeat(12).trim(), 'several lines')
  })

  await t.test('a clock that is wrong moves nothing, and does not take a message out of its group', async t => {
    const { port } = await serve(t)
    const url = await startSlowProxy(t, port, DELAY_MS)
    const page = await visit(t, browser, url)
    await page.addInitScript(WATCH)
    await page.reload()
    await signUp(page, 'minji')
    await sendWatched(page, 'before')
    await page.clock.setSystemTime(Date.now() - 10 * 60_000)
    t.strictSame((await sendWatched(page, 'late')).moved, [])
    t.equal(await row(page, 'late').locator('header').count(), 0)
    await page.clock.setSystemTime(Date.now() + 10 * 60_000)
    t.strictSame((await sendWatched(page, 'early')).moved, [])
  })

  await t.test('older messages that arrive late do not move the text that is read', async t => {
    const { fastify, port } = await serve(t)
    await register(fastify, 'scribe')
    // Groups of five minutes begin elsewhere when more is known of what came before.
    await fillAt(fastify, 'scribe', 100, 40)
    const url = await startSlowProxy(t, port, DELAY_MS)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await row(page, 'line 100').waitFor()
    const first = () => log(page).locator('article').first().locator('.text').textContent()
    for (let before = await first(); before !== 'line 001'; before = await first()) {
      const tops = await log(page).evaluate(box => {
        box.scrollTop = 0
        const top = box.getBoundingClientRect().top
        return [...box.querySelectorAll('article')]
          .flatMap(row => {
            const text = row.querySelector('.text')
            return text ? [{ id: row.getAttribute('data-id'), top: text.getBoundingClientRect().top - top }] : []
          })
          .filter(({ top }) => top >= 0 && top < box.clientHeight)
      })
      await until(page, async () => (await first()) !== before)
      const moved = await page.evaluate<string[]>(`(() => {
        const top = document.querySelector('.messages').getBoundingClientRect().top
        return ${JSON.stringify(tops)}.flatMap(before => {
          const text = document.querySelector('article[data-id="' + before.id + '"] .text')
          const by = text.getBoundingClientRect().top - top - before.top
          return Math.abs(by) < 1 ? [] : [before.id + ' by ' + by + ' px']
        })
      })()`)
      t.strictSame(moved, [], `${tops.length} rows on the screen stood still`)
    }
  })
})
