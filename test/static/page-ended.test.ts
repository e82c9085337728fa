import { register } from '../support/application.js'
import { field, inBrowser, serve, signUp, until, visit } from '../support/browser.js'

inBrowser('rooms that end', async (t, browser) => {
  await t.test('a room that was deleted or that one was removed from says what happened and by whom', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const { headers } = await register(fastify, 'jun')
    await fastify.inject({ method: 'PUT', url: '/users/me/profile', headers, payload: { display_name: '박준' } })
    const failed: string[] = []
    page.on('response', response => response.status() >= 400 && failed.push(`${response.status()} ${response.url()}`))
    const enter = async (name: string, more: object) => {
      const made = await fastify.inject({ method: 'POST', url: '/rooms', headers, payload: { name, ...more } })
      const { id } = made.json<{ id: string }>()
      await fastify.inject({ method: 'PUT', url: `/rooms/${id}/members/minji`, headers })
      await page.getByRole('link', { name }).click()
      await page.getByRole('textbox', { name: `Message ${name}` }).waitFor()
      await field(page).fill(`half a thought about ${name}`)
      return id
    }
    const remove = (id: string) => fastify.inject({ method: 'DELETE', url: `/rooms/${id}/members/minji`, headers })
    const door = page.locator('.door')

    const plans = await enter('Plans', { is_public: false })
    await remove(plans)
    await door.getByText('박준 removed you from this room.').waitFor()
    t.equal(await door.getByRole('heading').textContent(), 'Plans')
    t.equal(await page.locator('.room-head h2').textContent(), 'Plans')
    t.equal(await door.getByLabel('Not sent').inputValue(), 'half a thought about Plans')
    t.equal(await door.getByLabel('Password').count(), 0)
    t.equal(await door.getByRole('button', { name: 'Join' }).count(), 0, 'nobody can join a private room')
    await page.getByRole('link', { name: 'Plans' }).waitFor({ state: 'detached' })

    const lunch = await enter('Lunch', {})
    await remove(lunch)
    await door.getByText('박준 removed you from this room.').waitFor()
    t.equal(await door.getByLabel('Password').count(), 0, 'the room has none')
    await door.getByRole('button', { name: 'Join' }).click()
    await page.getByRole('textbox', { name: 'Message Lunch' }).waitFor()
    t.equal(await field(page).inputValue(), 'half a thought about Lunch', 'what was being written is there again')

    await fastify.inject({ method: 'DELETE', url: `/rooms/${lunch}`, headers })
    await door.getByText('박준 deleted this room.').waitFor()
    t.equal(await door.getByRole('heading').textContent(), 'Lunch')
    t.equal(await door.getByLabel('Not sent').inputValue(), 'half a thought about Lunch')
    t.equal(await door.getByLabel('Password').count(), 0)
    t.equal(await door.getByRole('button').count(), 0)
    await page.getByRole('link', { name: 'Lunch' }).waitFor({ state: 'detached' })

    const books = await enter('Books', { password: 'sesame' })
    await field(page).fill('')
    await remove(books)
    await door.getByLabel('Password').waitFor()
    t.equal(await door.getByLabel('Not sent').count(), 0, 'nothing was being written')
    await until(page, async () => (await page.locator('.room-link').count()) === 1)
    t.strictSame(failed, [], 'nothing that is gone was asked for')
  })
})
