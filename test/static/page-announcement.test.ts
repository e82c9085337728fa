import { register } from '../support/application.js'
import { inBrowser, row, send, serve, signUp, visit } from '../support/browser.js'

inBrowser('announcements', async (t, browser) => {
  await t.test('an announcement is shown as one, live and after a reload, and other messages are not', async t => {
    const { fastify, url } = await serve(t)
    await register(fastify, 'boss')
    const page = await visit(t, browser, url)
    await signUp(page, 'jun')
    await page.getByRole('link', { name: 'Lobby' }).click()
    await send(page, 'hello')
    const boss = { username: 'boss', address: '' }
    await fastify.administration.announce(boss, { client_id: 'a', text: 'We restart at ten.' })
    await fastify.messages.send('default', 'boss', { client_id: 'b', text: 'I am only myself.' })
    for (const _ of ['live', 'reloaded']) {
      await row(page, 'We restart at ten.').getByText('Announcement').waitFor()
      await row(page, 'I am only myself.').waitFor()
      t.equal(await page.locator('.announcement').count(), 1)
      await page.reload()
    }
  })
})
