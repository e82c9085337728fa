import { register, temporaryFolder } from '../support/application.js'
import { browse, field, inBrowser, send, serve, signUp, texts, until, visit } from '../support/browser.js'

inBrowser('empty and failed states', async (t, browser) => {
  await t.test('an empty room, list or search, and a room not joined yet, say what to do', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await page.getByText('No messages yet. Say hello!').waitFor()
    await browse(page)
    await page.getByRole('button', { name: 'Not joined' }).click()
    await page.getByText('There are no other public rooms yet.').waitFor()
    await page.getByRole('link', { name: 'Lobby' }).click()

    await page.getByRole('button', { name: 'Find a room or person' }).click()
    await page.keyboard.type('lunch')
    await page.getByText('Nothing found.').waitFor()
    await page.keyboard.press('Escape')

    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByLabel('Search this room').fill('lunch')
    await page.getByLabel('Search this room').press('Enter')
    await page.getByText('No messages found.').waitFor()

    const { headers } = await register(fastify, 'jun')
    const payload = { name: 'Lunch', description: 'Where?', password: 'sesame' }
    const made = await fastify.inject({ method: 'POST', url: '/rooms', headers, payload })
    await page.goto(`${url}/r/${made.json<{ id: string }>().id}`)
    await page.getByText('Join this room to read and send messages. This room requires a password.').waitFor()
    const join = page.getByRole('button', { name: 'Join' })
    t.equal(await page.evaluate('document.activeElement.type'), 'password', 'the focus is in its only field')
    await join.click()
    await page.getByText('Fill in this field.').waitFor()

    await page.goto(`${url}/r/nowhere`)
    const missing = 'This room doesn’t exist, or you don’t have access to it. If you have its password, you can join.'
    await page.getByText(missing).waitFor()
    await page.getByLabel('Password').fill('sesame')
    await join.click()
    await page.getByText('Room not found, or the password is incorrect.').waitFor()
  })

  await t.test('a room list that failed to load can be retried', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const list = (address: URL) => address.pathname === '/rooms'
    await page.route(list, route => route.abort())
    await page.reload()
    const failed = page.getByRole('navigation').getByRole('alert')
    await failed.getByText('Couldn’t load rooms.').waitFor()
    await page.unroute(list)
    await failed.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('link', { name: 'Lobby' }).waitFor()
    t.equal(await failed.count(), 0)

    await page.route(list, route => route.abort())
    await page.reload()
    await failed.waitFor()
    await page.unroute(list)
    await page.evaluate('dispatchEvent(new Event("online"))')
    await failed.waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'Lobby' }).waitFor()
  })

  await t.test('a page that was loaded while the server was down goes on when it is back', async t => {
    const DATA_DIR = temporaryFolder(t)
    const first = await serve(t, { DATA_DIR })
    const page = await visit(t, browser, first.url)
    await signUp(page, 'minji')
    await send(page, 'before')
    await page.evaluate('navigator.serviceWorker.ready')
    await until(page, () => page.evaluate<boolean>('navigator.serviceWorker.controller !== null'))
    await first.fastify.close()
    await page.reload()
    await page.getByText('Can’t connect to the server. Check your connection and try again.').waitFor()
    await serve(t, { DATA_DIR, PORT: String(first.port) })
    t.strictSame(await texts(page, 'before'), ['before'], 'nobody pressed a button')
  })

  await t.test('if the server’s store is down at the start, the page says so and offers a retry', async t => {
    const DATA_DIR = temporaryFolder(t)
    const first = await serve(t, { DATA_DIR })
    const page = await visit(t, browser, first.url)
    await signUp(page, 'minji')
    await send(page, 'before')
    await first.fastify.store.close()
    await page.reload()
    await page.getByText('Can’t connect to the server. Check your connection and try again.').waitFor()
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('Can’t connect to the server. Check your connection and try again.').waitFor()
    t.equal(await field(page).count(), 0)
    await first.fastify.close()
    await serve(t, { DATA_DIR, PORT: String(first.port) })
    await page.getByRole('button', { name: 'Try again' }).click()
    t.strictSame(await texts(page, 'before'), ['before'])
  })
})
