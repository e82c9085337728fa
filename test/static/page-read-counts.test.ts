import { register } from '../support/application.js'
import { field, inBrowser, row, send, serve, signUp, visit } from '../support/browser.js'

const count = (name: string) => `[data-count="${name}"]`

inBrowser('how many have not read a message', async (t, browser) => {
  await t.test('three people see the same number fall as they read, leave, and the room turns it off', async t => {
    const { fastify, url } = await serve(t)
    const minji = await visit(t, browser, url)
    await signUp(minji, 'minji')
    const { id } = await fastify.rooms.create('minji', { name: 'Lunch' })
    await minji.goto(`${url}/r/${id}`)
    await field(minji).waitFor()
    for (const name of ['sora', 'late']) await register(fastify, name)
    const jun = await visit(t, browser, url)
    await signUp(jun, 'jun')
    for (const name of ['jun', 'sora']) await fastify.rooms.join(id, name, undefined)
    await send(minji, 'Where shall we eat?')
    const number = (page: typeof minji) => row(page, 'Where shall we eat?').locator('.unread-by')
    await row(minji, 'Where shall we eat?').locator(count('2')).waitFor()
    await fastify.rooms.join(id, 'late', undefined)
    await row(minji, 'Where shall we eat?').locator(count('2')).waitFor()

    await jun.goto(`${url}/r/${id}`)
    await row(jun, 'Where shall we eat?').locator(count('1')).waitFor()
    await row(minji, 'Where shall we eat?').locator(count('1')).waitFor()
    t.equal(await number(minji).getAttribute('aria-label'), 'Not read by 1')
    const whole = row(minji, 'Where shall we eat?')
    const before = await whole.boundingBox()
    await fastify.rooms.removeMember(id, 'minji', 'sora')
    await number(minji).waitFor({ state: 'detached' })
    await number(jun).waitFor({ state: 'detached' })
    t.strictSame(await whole.boundingBox(), before, 'nothing moves when it goes')

    await send(jun, 'Gimbap?')
    await row(minji, 'Gimbap?').locator(count('1')).waitFor()
    await row(jun, 'Gimbap?').locator(count('1')).waitFor()
    await minji.getByRole('button', { name: 'Room info' }).click()
    await minji.getByRole('button', { name: 'Room settings' }).click()
    await minji.getByLabel('Show how many members haven’t read a message').uncheck()
    await minji.getByRole('button', { name: 'Save' }).click()
    for (const page of [minji, jun]) await row(page, 'Gimbap?').locator('.unread-by').waitFor({ state: 'detached' })
  })
})
