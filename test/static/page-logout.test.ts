import type { Page } from 'playwright-core'
import { PASSWORD, temporaryFolder } from '../support/application.js'
import { field, inBrowser, kept, log, row, say, send, serve, signUp, texts, until, visit } from '../support/browser.js'

async function logOut(page: Page) {
  await page.locator('.sidebar .menu summary').click()
  await page.getByRole('button', { name: 'Log out' }).click()
}

inBrowser('after a logout', async (t, browser) => {
  await t.test('no draft or unsent message is left in the browser for the next user', async t => {
    const DATA_DIR = temporaryFolder(t)
    const first = await serve(t, { DATA_DIR })
    const page = await visit(t, browser, first.url)
    await signUp(page, 'minji')
    await send(page, 'hello')
    await first.fastify.close()
    await say(page, 'a secret on its way')
    await row(page, 'a secret on its way').getByText('Sending…').waitFor()
    await field(page).fill('a secret half written')
    await page.getByText('Connection lost.', { exact: false }).waitFor()
    const before = await kept(page)
    for (const secret of ['a secret on its way', 'a secret half written']) t.match(before, secret, 'it was kept')

    await logOut(page)
    await page.getByRole('button', { name: 'Log in', exact: true }).waitFor()
    t.notMatch(await kept(page), 'secret')
    t.equal(await page.getByText('secret').count(), 0)
    const cookies = async () => (await page.context().cookies()).length
    t.equal(await cookies(), 1, 'only the server can remove it')

    const second = await serve(t, { DATA_DIR, PORT: String(first.port) })
    await page.reload()
    await until(page, async () => (await cookies()) === 0)
    await page.getByRole('button', { name: 'Sign up' }).click()
    await signUp(page, 'jun')
    t.strictSame(await texts(page, 'hello'), ['hello'])
    t.equal(await field(page).inputValue(), '')
    await send(page, 'jun was here')
    await logOut(page)

    await page.getByLabel('Username').fill('minji')
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.locator('form button[type=submit]').click()
    t.strictSame(await texts(page, 'jun was here'), ['hello', 'jun was here'])
    t.equal(await field(page).inputValue(), '')
    await send(page, 'back')
    t.equal(await log(page).getByText('secret').count(), 0)
    const { messages } = await second.fastify.messages.page('default', 'minji', {})
    t.strictSame(
      messages.map(({ text }) => text),
      ['hello', 'jun was here', 'back'],
    )
  })
})
