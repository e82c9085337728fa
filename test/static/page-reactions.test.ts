import { register } from '../support/application.js'
import { inBrowser, row, serve, signUp, visit } from '../support/browser.js'

inBrowser('reactions', async (t, browser) => {
  await t.test('three people react to a message, and everybody sees it, live and after a reload', async t => {
    const { fastify, url } = await serve(t)
    // The first account administers the server.
    const { headers } = await register(fastify, 'cho')
    const payload = { text: 'lunch at noon?' }
    const sent = await fastify.inject({ method: 'POST', url: '/rooms/default/messages', headers, payload })
    const { id } = sent.json<{ id: number }>()
    const [minji, jun] = await Promise.all([visit(t, browser, url), visit(t, browser, url)])
    await signUp(minji, 'minji')
    await signUp(jun, 'jun')
    const chip = (page: typeof minji, name: string) => row(page, 'lunch at noon?').getByRole('button', { name })

    await row(minji, 'lunch at noon?').hover()
    await row(minji, 'lunch at noon?').getByRole('button', { name: 'React' }).click()
    await minji.getByRole('button', { name: '🎉' }).click()
    await chip(minji, '🎉 1 person, including you').waitFor()
    await chip(jun, '🎉 1 person').click()
    await chip(jun, '🎉 2 people, including you').waitFor()
    await chip(minji, '🎉 2 people, including you').waitFor()
    const body = { client_id: 'heart', emoji: '❤', on: true }
    await fastify.reactions.react('default', 'cho', id, body)
    await chip(minji, '❤️ 1 person').waitFor()
    t.equal(await chip(minji, '❤️ 1 person').getAttribute('title'), 'cho')

    // F3: what was wanted last holds, however often it was changed meanwhile.
    for (let n = 0; n < 3; n++) await chip(jun, '🎉').click()
    await chip(minji, '🎉 1 person, including you').waitFor()
    await minji.reload()
    await chip(minji, '🎉 1 person, including you').waitFor()
    await chip(minji, '❤️ 1 person').waitFor()
    const [found] = await fastify.store.readReactions('default', [id], [])
    t.same(
      found?.reactions.map(({ emoji, count }) => `${emoji} ${count}`),
      ['🎉 1', '❤️ 1'],
    )
  })

  await t.test('by keyboard alone: to a message, its picker, an emoji, and back to the message', async t => {
    const { fastify, url } = await serve(t)
    const { headers } = await register(fastify, 'cho')
    const payload = { text: 'lunch at noon?' }
    await fastify.inject({ method: 'POST', url: '/rooms/default/messages', headers, payload })
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const message = row(page, 'lunch at noon?')
    await message.focus()
    await message.getByRole('button', { name: 'React' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: '😀' }).and(page.locator(':focus')).waitFor()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await message.getByRole('button', { name: '😂 1 person, including you' }).waitFor()
    await message.and(page.locator(':focus')).waitFor()
  })
})
