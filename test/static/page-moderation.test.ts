import type { Page } from 'playwright-core'
import { register } from '../support/application.js'
import { field, inBrowser, log, openAbout, row, say, serve, signUp, until, visit } from '../support/browser.js'

const menuOf = async (page: Page, name: string) => {
  await page.getByLabel(`Manage ${name}`).click()
  return page.locator('details[open]')
}

inBrowser('running a room', async (t, browser) => {
  await t.test('the owner changes settings, and the open page of a member shows the new name at once', async t => {
    const { fastify, url } = await serve(t)
    const owner = await visit(t, browser, url)
    await signUp(owner, 'minji')
    await owner.getByRole('button', { name: 'Create a room' }).click()
    await owner.getByLabel('Room name').fill('Lunch')
    await owner.getByRole('button', { name: 'Create', exact: true }).click()
    await owner.getByRole('textbox', { name: 'Message Lunch' }).waitFor()
    const id = owner.url().split('/r/')[1] as string
    const member = await visit(t, browser, url)
    await signUp(member, 'jun')
    await fastify.rooms.join(id, 'jun', undefined)
    await member.getByRole('link', { name: 'Lunch' }).click()
    await member.getByRole('textbox', { name: 'Message Lunch' }).waitFor()
    await openAbout(member)
    t.equal(await member.getByRole('button', { name: 'Room settings' }).count(), 0)

    await openAbout(owner)
    await owner.getByRole('button', { name: 'Room settings' }).click()
    const dialog = owner.getByRole('dialog', { name: 'Room settings' })
    t.equal(await dialog.getByLabel('Room name').inputValue(), 'Lunch')
    await dialog.getByLabel('Room name').fill('Lobby')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.getByText('A room with this name already exists.').waitFor()
    await dialog.getByLabel('Room name').fill('Dinner')
    await dialog.getByLabel('Password (optional)').fill('open sesame')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    await member.getByRole('textbox', { name: 'Message Dinner' }).waitFor()
    await member.getByRole('link', { name: 'Dinner' }).waitFor()

    await owner.getByRole('button', { name: 'Room settings' }).click()
    await dialog.getByLabel('Remove the password').check()
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    t.equal((await fastify.rooms.get(id, 'jun')).has_password, false)
  })

  await t.test('the owner appoints a moderator, who deletes, mutes and bans', async t => {
    const { fastify, url } = await serve(t)
    await register(fastify, 'minji')
    const { id } = await fastify.rooms.create('minji', { name: 'Lunch' })
    const page = await visit(t, browser, url)
    await signUp(page, 'mod')
    await register(fastify, 'jun')
    for (const name of ['mod', 'jun']) await fastify.rooms.join(id, name, undefined)
    await fastify.messages.send(id, 'jun', { client_id: 'c1', text: 'buy this' })
    await page.getByRole('link', { name: 'Lunch' }).click()
    await row(page, 'buy this').waitFor()
    await page.getByRole('button', { name: 'Members' }).click()
    await page.getByTitle('@jun').waitFor()
    t.equal(await page.getByLabel('Manage jun').count(), 0, 'a member manages nobody')
    await fastify.rooms.setRole(id, 'minji', 'mod', 'moderator')

    await page.getByLabel('Manage jun').waitFor()
    t.equal(await page.getByLabel('Manage minji').count(), 0, 'nor a moderator the owner')
    await row(page, 'buy this').hover()
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await log(page).getByText('Deleted by a moderator.').waitFor()

    const menu = await menuOf(page, 'jun')
    t.equal(await menu.getByText('Make moderator').count(), 0)
    await menu.getByText('Mute for 1 hour').click()
    await page.getByTitle('@jun').getByText('Muted').waitFor()
    const send = fastify.messages.send(id, 'jun', { client_id: 'c2', text: 'again' })
    await t.rejects(send, { code: 'MUTED' })

    await (await menuOf(page, 'jun')).getByText('Ban').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Ban' }).click()
    await page.getByText('Banned 1').waitFor()
    await t.rejects(fastify.rooms.join(id, 'jun', undefined), { code: 'BANNED' })
    await page.getByRole('button', { name: 'Unban' }).click()
    await page.getByText('Banned 1').waitFor({ state: 'detached' })
    await fastify.rooms.join(id, 'jun', undefined)
    await page.getByTitle('@jun').waitFor()

    await say(page, 'still here')
    await fastify.rooms.ban(id, 'minji', 'mod', {})
    await page.locator('.door').getByText('minji banned you from this room.').waitFor()
    await until(page, async () => (await field(page).count()) === 0)
  })
})
