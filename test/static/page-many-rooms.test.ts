import type { FastifyInstance } from 'fastify'
import type { Page } from 'playwright-core'
import { limits } from '../../schemas/wire.js'
import { inBrowser, log, row, say, serve, signUp, until, visit } from '../support/browser.js'
import { addUsers } from '../support/users.js'

/** Makes rooms of Jun's, with Minji in them if she is a member. @returns their ids */
async function makeRooms(fastify: FastifyInstance, names: string[], isMember: boolean): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < names.length; i += 50) {
    const made = names.slice(i, i + 50).map(async name => {
      const { id } = await fastify.rooms.create('jun', { name })
      if (isMember) await fastify.rooms.addMember(id, 'jun', 'minji')
      return id
    })
    ids.push(...(await Promise.all(made)))
  }
  return ids
}
const numbered = (name: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${name} ${String(i + 1).padStart(4, '0')}`)
const own = (page: Page) => page.locator('.room-lists').getByRole('link')

inBrowser('lists of many rooms', async (t, browser) => {
  await t.test('a member of more rooms than a socket carries has all of them live, with the right counts', async t => {
    const { fastify, url } = await serve(t)
    await addUsers(fastify, 'jun')
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const ids = await makeRooms(fastify, numbered('own', limits.ROOMS_PER_SOCKET_MAX + 20), true)
    await page.reload()
    await until(page, async () => (await own(page).count()) === ids.length + 1)
    for (const at of [0, ids.length - 1]) {
      const name = `own ${String(at + 1).padStart(4, '0')}`
      const room_id = ids[at] as string
      await fastify.messages.send(room_id, 'jun', { client_id: 'before', text: 'not looked at yet' })
      await own(page).filter({ hasText: name }).locator('.badge').filter({ hasText: '1' }).waitFor()
      await own(page).filter({ hasText: name }).click()
      await row(page, 'not looked at yet').waitFor()
      await say(page, `mine in ${name}`)
      await log(page)
        .locator('article[data-id]', { hasText: `mine in ${name}` })
        .waitFor()
      await fastify.messages.send(room_id, 'jun', { client_id: 'theirs', text: 'theirs' })
      await row(page, 'theirs').waitFor()
      t.equal(await log(page).getByText('Sending').count(), 0)
    }
  })

  await t.test('an untouched open page sends no request for lists in five minutes', async t => {
    const { fastify, url } = await serve(t)
    await addUsers(fastify, 'jun')
    const page = await visit(t, browser, url)
    await page.clock.install()
    const asked: string[] = []
    page.on('request', request => {
      const { pathname } = new URL(request.url())
      if (pathname === '/rooms') asked.push(request.url())
    })
    await signUp(page, 'minji')
    await until(page, async () => (await own(page).count()) === 1)
    // Own and public rooms, and own ones once more when the socket is open.
    await until(page, async () => asked.length === 3)
    asked.length = 0
    for (let s = 0; s < 300; s += 10) {
      await page.clock.runFor(10_000)
      // The answer to a ping of the page needs real time.
      await fastify.messages.send('default', 'jun', { client_id: `${s}`, text: `after ${s} s` })
      await row(page, `after ${s} s`).waitFor()
    }
    t.strictSame(asked, [])
  })

  await t.test('1,100 public rooms and 300 own ones can be used', async t => {
    const { fastify, url } = await serve(t)
    await addUsers(fastify, 'jun')
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await makeRooms(fastify, numbered('a public', 1100), false)
    await makeRooms(fastify, numbered('own', 300), true)
    await page.reload()
    await until(page, async () => (await own(page).count()) === 301)
    await page.getByRole('link', { name: 'Browse rooms' }).click()
    const listings = page.locator('.listing')
    await page.getByRole('button', { name: 'Not joined' }).click()
    await until(page, async () => (await listings.count()) === limits.PAGE_MAX)
    await page.getByRole('button', { name: 'Show more rooms' }).click()
    await until(page, async () => (await listings.count()) === 2 * limits.PAGE_MAX)
    if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT })
    await page.locator('.browse').getByRole('searchbox').fill('public 1077')
    await page.getByRole('button', { name: 'Join a public 1077' }).click()
    await say(page, 'found it')
    await log(page).locator('article[data-id]', { hasText: 'found it' }).waitFor()
    await until(page, async () => (await own(page).count()) === 302)
  })
})
