import { build, register, temporaryFolder } from '../support/application.js'
import {
  browse,
  field,
  inBrowser,
  kept,
  log,
  row,
  say,
  sayByTouch,
  serve,
  signUp,
  texts,
  until,
  visit,
} from '../support/browser.js'

inBrowser('what the page keeps over a reload', async (t, browser) => {
  await t.test('a new user on a phone starts in the default room with a welcome', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url, { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true })
    await signUp(page, 'minji', false)
    await page.getByText('Welcome, minji! This is Lobby').waitFor()
    await page.getByText('No messages yet.', { exact: false }).waitFor()
    await sayByTouch(page, 'hello')
    t.strictSame(await texts(page, 'hello'), ['hello'])
    t.equal(await page.getByText('Welcome, minji!').count(), 0)
    await page.getByRole('button', { name: 'Rooms' }).tap()
    await page.getByRole('link', { name: 'Lobby' }).waitFor()
    await page.reload()
    await page.getByRole('link', { name: 'Lobby' }).waitFor()
    t.notOk(await field(page).isVisible(), 'a user who went back to the list finds the list')
  })

  await t.test('each room’s draft is restored after a reload', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await field(page).pressSequentially('half a th')
    await page.getByRole('button', { name: 'Create a room' }).click()
    await page.getByLabel('Room name').fill('Lunch')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('textbox', { name: 'Message Lunch' }).fill('soup')
    await page.reload()
    const lunch = page.getByRole('textbox', { name: 'Message Lunch' })
    await lunch.waitFor()
    t.equal(await lunch.inputValue(), 'soup')
    await page.getByRole('link', { name: 'Lobby' }).click()
    const lobby = page.getByRole('textbox', { name: 'Message Lobby' })
    await lobby.waitFor()
    t.equal(await lobby.inputValue(), 'half a th')
    await lobby.press('Enter')
    await row(page, 'half a th').waitFor()
    await page.reload()
    await lobby.waitFor()
    t.equal(await lobby.inputValue(), '')
  })

  await t.test('unsent messages outlive the page: sent once, or refused and retried', async t => {
    const DATA_DIR = temporaryFolder(t)
    const first = await serve(t, { DATA_DIR })
    const jun = await register(first.fastify, 'jun')
    const answer = await first.fastify.inject({
      method: 'POST',
      url: '/rooms',
      headers: jun.headers,
      payload: { name: 'Lunch' },
    })
    const lunch = `/rooms/${answer.json<{ id: string }>().id}/members/minji`
    const page = await visit(t, browser, first.url)
    await signUp(page, 'minji')
    // A room that was never open cannot be opened without the server.
    await page.getByRole('textbox', { name: 'Message Lobby' }).waitFor()
    await browse(page)
    await page.getByRole('link', { name: 'Lunch' }).click()
    await page.getByRole('button', { name: 'Join' }).click()
    await page.getByRole('textbox', { name: 'Message Lunch' }).waitFor()
    await first.fastify.close()
    await say(page, 'soup?')
    await row(page, 'soup?').getByText('Sending…').waitFor()
    await page.getByRole('link', { name: 'Lobby' }).click()
    await say(page, 'hello')
    await say(page, 'is anybody there?')
    await row(page, 'is anybody there?').getByText('Sending…').waitFor()
    // A page that is closed does not finish writing to its storage.
    await until(page, async () => (await kept(page)).includes('is anybody there?'))
    await page.goto('about:blank')

    const second = await build(t, { DATA_DIR })
    await second.inject({ method: 'DELETE', url: lunch, headers: jun.headers })
    await second.listen({ host: '127.0.0.1', port: first.port })
    await page.goto(first.url)
    t.strictSame(await texts(page, 'is anybody there?'), ['hello', 'is anybody there?'])
    await page.getByText('Sending…').waitFor({ state: 'detached' })
    await until(page, async () => /"soup\?".*NOT_MEMBER/.test(await kept(page)))

    await second.inject({ method: 'PUT', url: lunch, headers: jun.headers })
    await page.reload()
    t.strictSame(await texts(page, 'is anybody there?'), ['hello', 'is anybody there?'], 'not sent again')
    await page.getByRole('link', { name: 'Lunch' }).click()
    await row(page, 'soup?').getByText('Message not sent.', { exact: false }).waitFor()
    await row(page, 'soup?').getByRole('button', { name: 'Try again' }).click()
    await page.getByText('Message not sent.', { exact: false }).waitFor({ state: 'detached' })
    await log(page).locator('article[data-id]', { hasText: 'soup?' }).waitFor()
    await page.reload()
    t.strictSame(await texts(page, 'soup?'), ['soup?'])
    t.equal(await log(page).getByText('Sending…').count(), 0)
  })
})
