import type { FastifyInstance } from 'fastify'
import type { Page } from 'playwright-core'
import { register } from '../support/application.js'
import { browse, field, inBrowser, isInView, openAbout, send, serve, signUp, until, visit } from '../support/browser.js'
import { addUsers } from '../support/users.js'

type Headers = Record<string, string>

async function makeRoom(fastify: FastifyInstance, headers: Headers, payload: object) {
  const made = await fastify.inject({ method: 'POST', url: '/rooms', headers, payload })
  return made.json<{ id: string }>().id
}
const tell = (fastify: FastifyInstance, headers: Headers, id: string, text: string) =>
  fastify.inject({ method: 'POST', url: `/rooms/${id}/messages`, headers, payload: { text } })

const section = (page: Page, name: string) => page.getByRole('region', { name, exact: true })
const names = (page: Page, name: string) => section(page, name).locator('.room-name').allTextContents()

inBrowser('finding rooms and people', async (t, browser) => {
  await t.test('unread rooms stand first, then recent ones; favorites above, and sections stay collapsed', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const { headers } = await register(fastify, 'jun')
    const ids: Record<string, string> = {}
    for (const name of ['Lunch', 'Plans', 'News']) {
      const id = await makeRoom(fastify, headers, { name, is_public: name !== 'Plans' })
      await fastify.inject({ method: 'PUT', url: `/rooms/${id}/members/minji`, headers })
      ids[name] = id
    }
    await page.locator('.room-link', { hasText: 'News' }).waitFor()
    await send(page, 'the newest, but read')
    await tell(fastify, headers, ids.Lunch as string, 'soup?')
    await until(page, async () => (await names(page, 'Rooms')).join() === 'Lunch,Lobby,News,Plans')
    const heights = await page.locator('.room-link').evaluateAll(rows => rows.map(row => row.clientHeight))
    t.equal(new Set(heights).size, 1, 'all rows have one height')
    t.equal(await page.getByRole('link', { name: /Plans.*Private/ }).count(), 1)
    t.equal(await page.getByRole('link', { name: /Lunch.*1 unread/ }).count(), 1)

    await page.getByRole('link', { name: 'News' }).click()
    await openAbout(page)
    await page.getByRole('button', { name: 'Add to favorites' }).click()
    await until(page, async () => (await names(page, 'Favorites')).join() === 'News')
    await page.getByRole('button', { name: 'Rooms', exact: true }).click()
    await until(page, async () => (await names(page, 'Rooms')).length === 0)
    await section(page, 'Rooms').getByText('1 unread room').waitFor()
    await page.reload()
    await section(page, 'Favorites').getByRole('link', { name: 'News' }).waitFor()
    t.strictSame(await names(page, 'Rooms'), [], 'after a reload, too')
  })

  await t.test('a button tells of unread rooms below the visible part, and scrolls to the first of them', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url, { viewport: { width: 1100, height: 420 } })
    await signUp(page, 'minji')
    const { headers } = await register(fastify, 'jun')
    for (let i = 0; i < 9; i++) {
      const id = await makeRoom(fastify, headers, { name: `Room ${i}` })
      await fastify.inject({ method: 'PUT', url: `/rooms/${id}/members/minji`, headers })
      await tell(fastify, headers, id, 'hello')
    }
    const button = page.getByRole('button', { name: /more unread/ })
    await button.waitFor()
    await until(page, async () => /^[2-9] more unread$/.test((await button.textContent()) ?? ''))
    const before = Number.parseInt((await button.textContent()) ?? '', 10)
    await button.click()
    await until(
      page,
      async () => (await button.count()) === 0 || Number.parseInt((await button.textContent()) ?? '', 10) < before,
    )
    await page.locator('.room-lists').evaluate(list => list.scrollTo(0, list.scrollHeight))
    await button.waitFor({ state: 'detached' })
  })

  await t.test('public rooms are searched, sorted and joined on a screen of their own', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const { headers } = await register(fastify, 'jun')
    await makeRoom(fastify, headers, { name: '디자인', description: 'Icons and colors' })
    const lunch = await makeRoom(fastify, headers, { name: 'Lunch', description: 'Where shall we eat?' })
    await makeRoom(fastify, headers, { name: 'Books', password: 'sesame' })
    const sora = await register(fastify, 'sora')
    await fastify.inject({ method: 'POST', url: `/rooms/${lunch}/join`, headers: sora.headers, payload: {} })
    await page.reload()
    await field(page).waitFor()
    t.strictSame(await page.locator('.room-name').allTextContents(), ['Lobby'], 'only one’s own are in the sidebar')
    await browse(page)
    const listed = () => page.locator('.listing-name bdi').allTextContents()
    await until(page, async () => (await listed()).join() === 'Lobby,Lunch,Books,디자인')
    await page.getByLabel('Sort by').selectOption('newest')
    await until(page, async () => (await listed()).join() === 'Books,Lunch,디자인,Lobby')
    const find = page.getByRole('searchbox', { name: /Search 4 public rooms/ })
    t.ok(await find.evaluate(element => element.matches(':focus')))
    await page.keyboard.type('colors')
    await until(page, async () => (await listed()).join() === '디자인')
    await find.fill('ㄷㅈ')
    await until(page, async () => (await listed()).join() === '디자인')
    await find.fill('')
    await page.getByRole('button', { name: 'Not joined' }).click()
    await until(page, async () => (await listed()).join() === 'Books,Lunch,디자인')
    await page.getByRole('button', { name: 'Join Books' }).click()
    await page.getByText('This room requires a password.', { exact: false }).waitFor()
    await page.goBack()
    await page.getByRole('button', { name: 'Join Lunch' }).click()
    await page.getByRole('textbox', { name: 'Message Lunch' }).waitFor()
    t.equal(page.url(), `${url}/r/${lunch}`)
    await page.goto(`${url}/browse`)
    await page.locator('.listing', { hasText: 'Lunch' }).getByText('Joined').waitFor()
  })

  await t.test('all who are online are found among 500 members, without a request per member', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const { headers } = await register(fastify, 'jun')
    const id = await makeRoom(fastify, headers, { name: 'Hall' })
    await fastify.inject({ method: 'PUT', url: `/rooms/${id}/members/minji`, headers })
    const usernames = Array.from({ length: 500 }, (_, i) => `member${String(i).padStart(3, '0')}`)
    await addUsers(fastify, ...usernames)
    await fastify.store.changeUser('member250', { display_name: '디자이너' })
    for (const username of usernames) {
      await fastify.inject({ method: 'PUT', url: `/rooms/${id}/members/${username}`, headers })
    }
    let profiles = 0
    page.on('request', request => /\/users\/member/.test(request.url()) && profiles++)
    await page.goto(`${url}/r/${id}`)
    await page.getByRole('button', { name: 'Members' }).click()
    const panel = page.getByRole('complementary', { name: 'Members' })
    await panel.getByText('Online 1', { exact: true }).waitFor()
    await panel.getByText('Offline 501', { exact: true }).waitFor()
    await panel.getByRole('button', { name: /^minji.*Online/ }).waitFor()
    t.equal(profiles, 0)
    await panel.getByLabel('Find a member').fill('ㄷㅈㅇㄴ')
    await until(page, async () => (await panel.locator('.member').allTextContents()).join() === '디자이너Offline')
    await panel.getByLabel('Find a member').fill('nobody')
    await panel.getByText('No members found.').waitFor()
  })

  await t.test('search hits carry the date, mark the words and are counted', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    for (const text of ['soup at noon', 'bread', 'noon, more soup']) await send(page, text)
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByLabel('Search this room').fill('Soup')
    await page.getByLabel('Search this room').press('Enter')
    await page.getByText('2 found, newest first').waitFor()
    t.strictSame(await page.locator('.hit mark').allTextContents(), ['soup', 'soup'])
    t.match(await page.locator('.hit time').first().textContent(), /^Today \d{1,2}:\d\d/)
  })

  await t.test('a search over all of one’s rooms names the room of each hit and stays open', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const { headers } = await register(fastify, 'jun')
    const lunch = await makeRoom(fastify, headers, { name: 'Lunch' })
    await fastify.inject({ method: 'PUT', url: `/rooms/${lunch}/members/minji`, headers })
    const secret = await makeRoom(fastify, headers, { name: 'Secret', is_public: false })
    await tell(fastify, headers, lunch, 'soup at noon')
    await tell(fastify, headers, secret, 'soup for us alone')
    await send(page, 'who wants soup?')
    await page.keyboard.press('Control+Shift+f')
    await page.getByLabel('Search this room').fill('soup')
    await page.keyboard.press('Enter')
    await page.getByText('1 found, newest first').waitFor()
    await page.getByRole('button', { name: 'All my rooms' }).click()
    await page.getByText('2 found, newest first').waitFor()
    await until(page, async () => (await page.locator('.hit-room').allTextContents()).join() === 'Lobby,Lunch')
    await page.locator('.hit', { hasText: 'soup at noon' }).click()
    await page.getByRole('textbox', { name: 'Message Lunch' }).waitFor()
    await until(page, () => isInView(page, 'soup at noon'))
    await page.locator('.hit', { hasText: 'who wants soup?' }).click()
    await page.getByRole('textbox', { name: 'Message Lobby' }).waitFor()
    t.equal(await page.getByLabel('Search all your rooms').inputValue(), 'soup')
  })

  await t.test('a menu is reached, walked and closed with the keyboard', async t => {
    const { fastify, url } = await serve(t)
    // The first account is the administrator, whose menu has one more row.
    await register(fastify, 'jun')
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const focused = () =>
      page.evaluate<string>('document.activeElement.textContent || document.activeElement.ariaLabel')
    // The room that opens takes the focus.
    await until(page, async () => (await focused()) === 'Message Lobby')
    await page.locator('.sidebar .menu summary').focus()
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Log out' }).waitFor()
    await page.keyboard.press('ArrowUp')
    t.equal(await focused(), 'Log out', 'upwards from the button is the last row')
    await page.keyboard.press('ArrowUp')
    t.equal(await focused(), 'Keyboard shortcuts')
    await page.keyboard.press('Escape')
    t.equal(await page.locator('.menu-items').isVisible(), false)
    t.equal(await focused(), 'More options')
    await page.keyboard.press('Enter')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    t.equal(await page.locator('.menu-items').isVisible(), false, 'a choice closes it')
  })
})
