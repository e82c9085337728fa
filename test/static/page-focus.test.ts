import type { FastifyInstance } from 'fastify'
import type { Page } from 'playwright-core'
import { register } from '../support/application.js'
import { field, fill, inBrowser, openAbout, row, send, serve, signUp, until, visit } from '../support/browser.js'

const phone = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true }

const focused = (page: Page) =>
  page.evaluate<string>(`(() => {
    const { activeElement } = document
    return activeElement.ariaLabel || activeElement.labels?.[0]?.textContent || activeElement.textContent
  })()`)

async function makeRooms(fastify: FastifyInstance, names: string[]) {
  const { headers } = await register(fastify, 'jun')
  await fastify.inject({ method: 'PUT', url: '/users/me/profile', headers, payload: { display_name: '도준서' } })
  const ids: string[] = []
  for (const name of names) {
    const made = await fastify.inject({ method: 'POST', url: '/rooms', headers, payload: { name } })
    ids.push(made.json<{ id: string }>().id)
    await fastify.inject({ method: 'PUT', url: `/rooms/${ids.at(-1)}/members/minji`, headers })
  }
  return { ids, headers }
}

inBrowser('where the focus goes', async (t, browser) => {
  await t.test('the entrance and dialogs open on their first field, questions on the answer', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    await page.getByLabel('Username').waitFor()
    t.equal(await focused(page), 'Username')
    await page.keyboard.type(' minji ')
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery')
    await page.keyboard.press('Enter')
    await field(page).waitFor()
    t.equal(await focused(page), 'Message Lobby')

    await page.getByRole('button', { name: 'Create a room' }).click()
    t.equal(await focused(page), 'Room name')
    await page.keyboard.type('Lunch')
    await page.keyboard.press('Enter')
    await page.getByRole('textbox', { name: 'Message Lunch' }).waitFor()
    await page.getByRole('button', { name: 'Your profile' }).click()
    t.equal(await focused(page), 'Display name')
    await page.keyboard.press('Escape')
    await openAbout(page)
    await page.getByRole('button', { name: 'Delete room' }).click()
    t.equal(await focused(page), 'Delete room')
    await page.keyboard.press('Enter')
    await page.getByRole('textbox', { name: 'Message Lobby' }).waitFor()
  })

  await t.test('white space around a username is dropped at login', async t => {
    const { fastify, url } = await serve(t)
    await register(fastify, 'minji')
    const page = await visit(t, browser, url)
    await page.getByRole('button', { name: 'Log in' }).click()
    t.equal(await focused(page), 'Username', 'also after the change from signing up to logging in')
    await page.getByLabel('Username').fill(' minji\t')
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery')
    await page.locator('form button[type=submit]').click()
    await field(page).waitFor()
  })

  await t.test('what is typed goes to the message box, whatever has the focus', async t => {
    const { fastify, url } = await serve(t)
    await fill(fastify, 3)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await row(page, 'line 003').focus()
    await page.keyboard.type('hello')
    t.equal(await field(page).inputValue(), 'hello')
    await page.getByRole('link', { name: 'Lobby' }).focus()
    await page.keyboard.type(' you')
    t.equal(await field(page).inputValue(), 'helloyou', 'Space stays with what has the focus')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.keyboard.type('line')
    t.equal(await page.getByLabel('Search this room').inputValue(), 'line')
    await page.getByRole('button', { name: 'Create a room' }).click()
    await page.keyboard.type('room')
    t.equal(await page.getByLabel('Room name').inputValue(), 'room')
    t.equal(await field(page).inputValue(), 'helloyou', 'a field and a dialog keep their own')
  })

  await t.test('Ctrl+K finds rooms and people, also by leading consonants; Enter opens the first', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const { ids, headers } = await makeRooms(fastify, ['디자인', 'Lunch', '대전 사무실'])
    await fastify.inject({ method: 'POST', url: '/rooms', headers, payload: { name: 'Books' } })
    await fastify.inject({ method: 'POST', url: '/rooms/default/messages', headers, payload: { text: 'hello' } })
    await page.getByRole('link', { name: '대전 사무실' }).waitFor()
    await row(page, 'hello').getByText('도준서').waitFor()
    const hits = () => page.getByRole('option').locator('.switcher-name').allTextContents()
    const open = async () => {
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox', { name: 'Find a room or person' }).waitFor()
    }

    await open()
    t.equal(await focused(page), 'Find a room or person')
    await until(page, async () => (await hits()).length === 4)
    await page.keyboard.type('ㄷㅈ')
    await until(page, async () => (await hits()).join() === '대전 사무실,디자인,도준서')
    t.strictSame(await page.locator('.switcher mark').allTextContents(), ['대전', '디자', '도준'])
    t.equal(await page.getByRole('option', { selected: true }).locator('bdi').textContent(), '대전 사무실')
    await page.keyboard.press('ArrowDown')
    t.equal(await page.getByRole('option', { selected: true }).locator('bdi').textContent(), '디자인')
    await page.keyboard.press('Enter')
    await page.getByRole('textbox', { name: 'Message 디자인' }).waitFor()
    t.equal(page.url(), `${url}/r/${ids[0]}`)
    await until(page, async () => (await focused(page)) === 'Message 디자인')

    await open()
    await page.keyboard.type('lun')
    await page.keyboard.press('Enter')
    await page.getByRole('textbox', { name: 'Message Lunch' }).waitFor()

    await open()
    await page.keyboard.type('ㄷㅈ')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    await page.getByRole('textbox', { name: 'Message 도준서' }).waitFor()
    await open()
    await page.keyboard.type('nobody')
    await page.getByText('Nothing found.').waitFor()
    await page.keyboard.press('Enter')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    t.equal(await focused(page), 'Message 도준서')
  })

  await t.test('on a phone Back closes the panel first, then leads to the list', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url, phone)
    await signUp(page, 'minji', false)
    await makeRooms(fastify, ['Lunch'])
    await page.getByRole('button', { name: 'Rooms', exact: true }).tap()
    await page.getByRole('link', { name: 'Lunch' }).tap()
    await page.getByRole('textbox', { name: 'Message Lunch' }).waitFor()
    const room = page.url()
    const panel = page.getByRole('complementary')
    await page.getByRole('button', { name: 'Members' }).tap()
    await panel.waitFor()
    await page.goBack()
    await panel.waitFor({ state: 'detached' })
    t.equal(page.url(), room)
    await page.getByRole('button', { name: 'Members' }).tap()
    await page.getByRole('button', { name: 'About' }).tap()
    await page.getByRole('button', { name: 'Close' }).tap()
    await panel.waitFor({ state: 'detached' })
    t.equal(page.url(), room, 'the button goes the same way')
    await page.goBack()
    await page.getByRole('link', { name: 'Lunch' }).waitFor()
    t.notOk(await field(page).isVisible())

    await page.getByRole('link', { name: 'Lobby' }).tap()
    await field(page).fill('soup at noon')
    await page.getByRole('button', { name: 'Send', exact: true }).tap()
    await page.locator('article[data-id]', { hasText: 'soup' }).waitFor()
    await page.getByRole('button', { name: 'Search' }).tap()
    await page.getByLabel('Search this room').fill('soup')
    await page.keyboard.press('Enter')
    await page.locator('.hit').tap()
    await panel.waitFor({ state: 'detached' })
    t.match(page.url(), /\/r\/default#\d+$/)
  })

  await t.test('on a desk the panel is no step of the history', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await send(page, 'hello')
    await makeRooms(fastify, ['Lunch'])
    await page.getByRole('link', { name: 'Lunch' }).click()
    await page.getByRole('textbox', { name: 'Message Lunch' }).waitFor()
    await page.getByRole('button', { name: 'Members' }).click()
    await page.goBack()
    await page.getByRole('textbox', { name: 'Message Lobby' }).waitFor()
  })
})
