import { field, inBrowser, log, openAbout, row, send, serve, signUp, visit } from '../support/browser.js'

inBrowser('rooms that keep messages for a time', async (t, browser) => {
  await t.test('erased messages leave the screen, the preview and later visits, and the list tells why', async t => {
    const { fastify, url } = await serve(t, { RETENTION_MESSAGES: '1' })
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    for (const text of ['first', 'second', 'third']) await send(page, text)
    await fastify.retention.sweep()
    await row(page, 'second').waitFor({ state: 'detached' })
    await log(page).getByText('Earlier messages are no longer kept.').waitFor()
    t.equal(await row(page, 'third').count(), 1)
    await page.reload()
    await row(page, 'third').waitFor()
    await log(page).getByText('Earlier messages are no longer kept.').waitFor()
    t.equal(await row(page, 'first').count(), 0)
  })

  await t.test('the owner sets for how long a room keeps its messages', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const { id } = await fastify.rooms.create('minji', { name: 'Lunch' })
    await page.goto(`${url}/r/${id}`)
    await field(page).waitFor()
    await openAbout(page)
    await page.getByRole('button', { name: 'Room settings' }).click()
    const dialog = page.getByRole('dialog', { name: 'Room settings' })
    await dialog.getByLabel('Keep messages').selectOption('30 days')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    t.match(await fastify.rooms.get(id, 'minji'), { retention_h: 720 })
  })
})
