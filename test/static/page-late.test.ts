import type { FastifyInstance } from 'fastify'
import type { Page } from 'playwright-core'
import { PASSWORD, register } from '../support/application.js'
import {
  browse,
  field,
  fill,
  inBrowser,
  isInView,
  log,
  openAbout,
  row,
  send,
  serve,
  signUp,
  until,
  visit,
} from '../support/browser.js'

/** Holds back matching requests of the page. @returns a function that lets them go */
async function hold(page: Page, method: string, path: RegExp): Promise<() => void> {
  let let_go = () => {}
  const gone = new Promise<void>(resolve => {
    let_go = resolve
  })
  await page.route(
    url => path.test(url.pathname + url.search),
    async route => {
      if (route.request().method() === method) await gone
      await route.fallback()
    },
  )
  return let_go
}

async function make(fastify: FastifyInstance, headers: { authorization: string }, name: string): Promise<string> {
  const made = await fastify.inject({ method: 'POST', url: '/rooms', headers, payload: { name } })
  return made.json<{ id: string }>().id
}

async function logIn(page: Page, username: string) {
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.locator('form button[type=submit]').click()
  await field(page).waitFor()
}

const profile = (page: Page) => page.getByRole('button', { name: 'Your profile' })
const newRoom = (page: Page) => page.getByRole('button', { name: 'Create a room' })

inBrowser('late responses', async (t, browser) => {
  await t.test('neither a room nor a message that opens takes the focus from a field', async t => {
    const { fastify, url } = await serve(t)
    await fill(fastify, 200)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await field(page).waitFor()
    const find = page.getByRole('combobox')

    const letRoom = await hold(page, 'GET', /\/messages\?/)
    await page.reload()
    await page.getByRole('button', { name: 'Find a room or person' }).click()
    await find.pressSequentially('lo')
    letRoom()
    await page.locator('.composer textarea').waitFor()
    await page.keyboard.type('b')
    t.equal(await find.inputValue(), 'lob')
    t.equal(await page.locator('.composer textarea').inputValue(), '')
    await page.keyboard.press('Escape')

    const id = Number(await row(page, 'line 195').getAttribute('data-id'))
    await send(page, `as in ${url}/r/default#${id - 185}`)
    const letMessage = await hold(page, 'GET', /\/messages\?/)
    await row(page, 'as in').getByRole('link').click()
    await field(page).pressSequentially('on')
    letMessage()
    await until(page, () => isInView(page, 'line 010'))
    await page.keyboard.type('e')
    t.equal(await field(page).inputValue(), 'one')

    await field(page).fill('')
    await page.reload()
    await until(page, () => row(page, 'line 010').evaluate(element => element.matches(':focus')))
  })

  await t.test('a late room list does not leave the open room', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    const letGo = await hold(page, 'GET', /^\/rooms\?/)
    await signUp(page, 'minji')
    await newRoom(page).click()
    await page.getByLabel('Room name').fill('Lunch')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await until(page, async () => /\/r\/(?!default)/.test(page.url()))
    letGo()
    await page.getByRole('link', { name: 'Lobby' }).waitFor()
    await page.getByRole('textbox', { name: 'Message Lunch' }).waitFor()
  })

  await t.test('a late room list does not leave the screen of all rooms', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    const letGo = await hold(page, 'GET', /^\/rooms\?/)
    await signUp(page, 'minji')
    await browse(page)
    letGo()
    await page.getByRole('link', { name: 'Lobby' }).first().waitFor()
    t.equal(page.url(), `${url}/browse`)
    await page.getByRole('heading', { name: 'Browse rooms' }).waitFor()
  })

  await t.test('a late room list does not scroll the room that was opened meanwhile', async t => {
    const { fastify, url } = await serve(t)
    await register(fastify, 'minji')
    await fill(fastify, 60)
    const page = await visit(t, browser, url)
    const letGo = await hold(page, 'GET', /^\/rooms\?/)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByLabel('Username').fill('minji')
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.locator('form button[type=submit]').click()
    await profile(page).waitFor()
    await page.evaluate(`history.pushState(null, '', '/r/default'), dispatchEvent(new PopStateEvent('popstate'))`)
    await log(page).getByText('New', { exact: true }).waitFor()
    await until(page, () => isInView(page, 'line 001'))
    letGo()
    await page.getByRole('link', { name: /Lobby/ }).waitFor()
    await page.evaluate('new Promise(done => setTimeout(done, 500))')
    t.ok(await isInView(page, 'line 001'))
  })

  await t.test('a room that the user was added to before the socket was open is found', async t => {
    const { fastify, url } = await serve(t)
    const { headers } = await register(fastify, 'jun')
    const lunch = await make(fastify, headers, 'Lunch')
    const page = await visit(t, browser, url)
    let open = () => {}
    const opened = new Promise<void>(resolve => {
      open = resolve
    })
    await page.routeWebSocket(/\/ws/, async socket => {
      await opened
      socket.connectToServer()
    })
    await signUp(page, 'minji')
    await page.getByRole('link', { name: 'Lobby' }).waitFor()
    await fastify.inject({ method: 'PUT', url: `/rooms/${lunch}/members/minji`, headers })
    open()
    await page.getByRole('link', { name: 'Lunch' }).waitFor()
  })

  await t.test('a late response closes only its own dialog and does not change the room', async t => {
    const { fastify, url } = await serve(t)
    const { headers } = await register(fastify, 'jun')
    const lunch = await make(fastify, headers, 'Lunch')
    const soup = await make(fastify, headers, 'Soup')
    await register(fastify, 'minji')
    for (const room of [lunch, soup])
      await fastify.inject({ method: 'PUT', url: `/rooms/${room}/members/minji`, headers })
    const page = await visit(t, browser, `${url}/r/${lunch}`)
    await logIn(page, 'minji')

    const letLeave = await hold(page, 'POST', /\/leave$/)
    await openAbout(page)
    await page.getByRole('button', { name: 'Leave room' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Leave room' }).click()
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Soup' }).click()
    await page.getByRole('textbox', { name: 'Message Soup' }).waitFor()
    await newRoom(page).click()
    await page.getByLabel('Room name').fill('Bread')
    letLeave()
    await page.locator('.room-link', { hasText: 'Lunch' }).waitFor({ state: 'detached' })
    t.equal(
      await page.getByLabel('Room name').inputValue(),
      'Bread',
      'the room was left, and the other dialog is still open',
    )
    t.equal(page.url(), `${url}/r/${soup}`)

    const letMake = await hold(page, 'POST', /^\/rooms$/)
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.keyboard.press('Escape')
    await profile(page).click()
    await page.getByLabel('Display name').fill('Min')
    letMake()
    await page.getByRole('link', { name: 'Bread' }).waitFor()
    t.equal(
      await page.getByLabel('Display name').inputValue(),
      'Min',
      'the room was created, and the other dialog is still open',
    )
    t.equal(page.url(), `${url}/r/${soup}`)
  })

  await t.test('closing a dialog closes no other dialog and returns the focus', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await field(page).waitFor()
    const title = await page.evaluate(`(async () => {
      const turn = async () => { for (let i = 0; i < 5; i++) await null }
      document.querySelector('.me').click()
      await turn()
      const dialog = document.querySelector('dialog')
      // The browser reports Escape at once, and again in a task of its own.
      dialog.dispatchEvent(new Event('cancel'))
      await turn()
      document.querySelector('[aria-label="Create a room"]').click()
      await turn()
      dialog.dispatchEvent(new Event('close'))
      await turn()
      return document.querySelector('dialog h2')?.textContent
    })()`)
    t.equal(title, 'Create a room')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })

    for (const close of ['Escape', 'Enter']) {
      await profile(page).focus()
      await page.keyboard.press('?')
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
      // Enter activates the button that closes it.
      await page.keyboard.press(close)
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      t.ok(await profile(page).evaluate(element => element.matches(':focus')), close)
    }
  })

  await t.test('a confirmed deletion applies to the chosen message, even if another room is open by then', async t => {
    const { fastify, url } = await serve(t)
    const { headers } = await register(fastify, 'minji')
    const lunch = await make(fastify, headers, 'Lunch')
    for (const room of ['default', lunch]) {
      for (let i = 0; i < 6; i++)
        await fastify.inject({
          method: 'POST',
          url: `/rooms/${room}/messages`,
          headers,
          payload: { text: `line ${i}` },
        })
    }
    const page = await visit(t, browser, `${url}/r/${lunch}`)
    await logIn(page, 'minji')
    await page.getByRole('link', { name: 'Lobby' }).click()
    await page.getByRole('textbox', { name: 'Message Lobby' }).waitFor()
    const id = Number(await row(page, 'line 2').getAttribute('data-id'))
    const there = log(page).locator(`[data-id="${id}"]`)
    await there.hover()
    await there.getByRole('button', { name: 'Delete' }).click()
    await page.evaluate('history.back()')
    await page.locator('.room', { hasText: 'Lunch' }).locator(`[data-id="${id}"]`).waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    const deleted = async (room: string) => {
      const { messages } = await fastify.messages.page(room, 'minji', {})
      return messages.filter(({ deleted_at }) => deleted_at !== undefined).map(message => message.id)
    }
    t.strictSame([await deleted('default'), await deleted(lunch)], [[id], []])
  })

  await t.test('ArrowUp right after sending does not edit the message before', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await send(page, 'first')
    const focused = await page.evaluate(`(async () => {
      const field = document.activeElement
      const press = key => field.dispatchEvent(new KeyboardEvent('keydown', { key, code: key, bubbles: true }))
      field.value = 'second'
      press('Enter')
      press('ArrowUp')
      for (let i = 0; i < 5; i++) await null
      return document.activeElement.ariaLabel
    })()`)
    t.equal(focused, 'Message Lobby')
    await log(page).locator('article[data-id]', { hasText: 'second' }).waitFor()
    await field(page).press('ArrowUp')
    t.equal(await page.getByLabel('Edit message').inputValue(), 'second')
  })

  await t.test('the response to an outdated request is dropped, and input begun meanwhile is kept', async t => {
    const { fastify, url } = await serve(t)
    await fill(fastify, 12)
    const { headers } = await register(fastify, 'minji')
    await register(fastify, 'jun')
    await make(fastify, headers, 'Lunch')
    const page = await visit(t, browser, url)
    await logIn(page, 'minji')
    await page.getByRole('button', { name: 'Search' }).click()
    const search = page.getByLabel('Search this room')
    const letSearch = await hold(page, 'GET', /\/search\?q=003/)
    const first = page.waitForResponse(/q=003/)
    await search.fill('003')
    await search.press('Enter')
    await search.fill('007')
    await search.press('Enter')
    await page.locator('.hit', { hasText: 'line 007' }).waitFor()
    letSearch()
    await (await first).finished()
    await page.evaluate('fetch("/health").then(answer => answer.json())')
    t.strictSame(await page.locator('.hit-text').allTextContents(), ['line 007'])

    await page.getByRole('link', { name: 'Lunch' }).click()
    await page.getByRole('textbox', { name: 'Message Lunch' }).waitFor()
    await page.getByRole('button', { name: 'Members' }).click()
    const letAdd = await hold(page, 'PUT', /\/members\/jun$/)
    const add = page.getByLabel('Add member')
    await add.fill('jun')
    await add.press('Enter')
    await add.fill('so')
    letAdd()
    await page.locator('.member', { hasText: 'jun' }).waitFor()
    t.equal(await add.inputValue(), 'so')
  })

  await t.test('a message that arrives during scrolling does not undo the scrolling', async t => {
    const { fastify, url } = await serve(t)
    await fill(fastify, 60)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await row(page, 'line 060').waitFor()
    const scrolled = await page.evaluate<number>(`(async () => {
      const box = document.querySelector('.messages')
      const language = document.querySelector('.sidebar .language')
      box.scrollTop -= 100
      const before = box.scrollTop
      language.value = 'ko'
      language.dispatchEvent(new Event('change', { bubbles: true }))
      for (let i = 0; i < 5; i++) await null
      return before - box.scrollTop
    })()`)
    t.ok(Math.abs(scrolled) < 50, `${scrolled} px`)
  })
})
