import { register } from '../support/application.js'
import { fill, inBrowser, isInView, log, row, serve, signUp, until, visit } from '../support/browser.js'

inBrowser('replies to messages that are not loaded', async (t, browser) => {
  await t.test('their quotes show name and text, from one request, and stay true', async t => {
    const { fastify, url } = await serve(t)
    const { headers } = await register(fastify, 'jun')
    const rename = { method: 'PUT', url: '/users/me/profile', headers } as const
    await fastify.inject({ ...rename, payload: { display_name: '박준' } })
    const say = async (text: string, reply_to?: number) => {
      const payload = { text, ...(reply_to !== undefined && { reply_to }) }
      const sent = await fastify.inject({ method: 'POST', url: '/rooms/default/messages', headers, payload })
      return sent.json<{ id: number }>().id
    }
    const [soup, bread] = [await say('soup or stew?\nsay by noon'), await say('bread?')]
    await fill(fastify, 100)
    await say('stew', soup)
    await say('no bread', bread)
    await say('soup for me', soup)

    const page = await visit(t, browser, url)
    const asked: string[] = []
    page.on('request', request => request.url().includes('ids=') && asked.push(new URL(request.url()).search))
    await signUp(page, 'minji')
    const quote = (text: string) => row(page, text).locator('.quote')
    await quote('soup for me').getByText('soup or stew?').waitFor()
    await quote('soup for me').getByText('박준').waitFor()
    await quote('no bread').getByText('bread?').waitFor()
    t.strictSame(asked, [`?ids=${soup}%2C${bread}`], 'one request for all of them')
    t.equal(await row(page, 'line 001').count(), 0, 'the history between is not loaded')
    const heights = await log(page)
      .locator('.quote')
      .evaluateAll(quotes => quotes.map(quote => quote.clientHeight))
    t.equal(new Set(heights).size, 1)

    await fastify.messages.edit('default', 'jun', soup, { client_id: 'edit', text: 'soup or noodles?' })
    await quote('soup for me').getByText('soup or noodles?').waitFor()
    await fastify.messages.remove('default', 'jun', bread, 'remove')
    await quote('no bread').getByText('This message was deleted.').waitFor()

    // A reply that arrives now is looked up, too.
    const plain = (await fastify.messages.page('default', 'jun', { limit: 100 })).messages.find(
      ({ text }) => text === 'line 009',
    )
    await say('indeed', plain?.id as number)
    await quote('indeed').getByText('line 009').waitFor()
    t.equal(asked.length, 2)
    await quote('indeed').click()
    await until(page, () => isInView(page, 'line 009'))
  })
})
