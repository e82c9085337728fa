import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import type { Test } from 'tap'
import { PASSWORD } from '../support/application.js'
import { inBrowser, row, send, serve, signUp, visit } from '../support/browser.js'

const NEXT = 'another good one'
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0'

async function logIn(page: Page, password = PASSWORD) {
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  await page.getByLabel('Username').fill('minji')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
}

/** A user on two devices, with the account settings open on the first. */
async function onTwoDevices(t: Test, browser: Browser) {
  const { fastify, url } = await serve(t)
  const page = await visit(t, browser, url)
  await signUp(page, 'minji')
  const other = await visit(t, browser, url, { userAgent: AGENT })
  await logIn(other)
  await other.getByRole('button', { name: 'Your profile' }).waitFor()
  await page.getByRole('button', { name: 'Your profile' }).click()
  await page.getByRole('button', { name: 'Account' }).click()
  const dialog = page.getByRole('dialog', { name: 'Account' })
  return { fastify, page, other, dialog }
}

const LOGGED_OUT = 'You’ve been logged out. Log in again to continue.'

inBrowser('the user’s own account', async (t, browser) => {
  await t.test('a new password logs out the other devices at once and keeps this one', async t => {
    const { dialog, other } = await onTwoDevices(t, browser)
    await dialog.getByLabel('Current password').fill('wrong password')
    await dialog.getByLabel('New password').fill(NEXT)
    await dialog.getByRole('button', { name: 'Change password' }).click()
    await dialog.getByText('The current password is incorrect.').waitFor()
    await dialog.getByLabel('Current password').fill(PASSWORD)
    await dialog.getByLabel('Current password').press('Enter')
    await dialog.getByText('Password changed.').waitFor()
    await other.getByText(LOGGED_OUT).waitFor()
    await dialog.getByText('You’re not logged in anywhere else.').waitFor()
    t.equal(await dialog.getByLabel('Current password').inputValue(), '')
  })

  await t.test('devices are listed with this one first, and each other one can be logged out', async t => {
    const { dialog, other } = await onTwoDevices(t, browser)
    await dialog.getByRole('listitem').nth(1).waitFor()
    const [first = '', second = ''] = await dialog.getByRole('listitem').allTextContents()
    t.match(first, /^Chrome · Linux.*This device · 127\.0\.0\.1/)
    t.match(second, /^Firefox · Linux.*Last active/)
    await dialog.getByRole('button', { name: 'Log out Firefox · Linux' }).click()
    await other.getByText(LOGGED_OUT).waitFor()
    await dialog.getByText('You’re not logged in anywhere else.').waitFor()
    t.equal(await dialog.getByRole('listitem').count(), 1)
  })

  await t.test('all other devices can be logged out together', async t => {
    const { dialog, other } = await onTwoDevices(t, browser)
    await dialog.getByRole('button', { name: 'Log out all other devices' }).click()
    await other.getByText(LOGGED_OUT).waitFor()
    await dialog.getByText('You’re not logged in anywhere else.').waitFor()
  })

  await t.test('the user’s data is downloaded as a file', async t => {
    const { dialog, page } = await onTwoDevices(t, browser)
    const downloaded = page.waitForEvent('download')
    await dialog.getByRole('link', { name: 'Download' }).click()
    const download = await downloaded
    t.equal(download.suggestedFilename(), 'talkie-minji.jsonl')
    const lines = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\n')
    t.match(JSON.parse(lines[0] as string), { type: 'account', username: 'minji' })
    t.match(JSON.parse(lines.at(-1) as string), { type: 'end', messages: 0 })
  })

  await t.test('a deleted account is logged out everywhere, and others see its messages without its name', async t => {
    const { fastify, dialog, page, other } = await onTwoDevices(t, browser)
    await dialog.getByRole('button', { name: 'Close' }).click()
    await page.getByRole('link', { name: /Lobby/ }).click()
    await send(page, 'I was here')
    const bob = await visit(t, browser, page.url())
    await signUp(bob, 'bob')
    await row(bob, 'I was here').getByText('minji', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Your profile' }).click()
    await page.getByRole('button', { name: 'Account' }).click()
    await dialog.getByRole('button', { name: 'Delete account…' }).click()
    await dialog.getByLabel('Your password').fill('wrong password')
    await dialog.getByRole('button', { name: 'Delete account for good' }).click()
    await dialog.getByText('The password is incorrect.').waitFor()
    await dialog.getByLabel('Your password').fill(PASSWORD)
    await dialog.getByLabel('Your password').press('Enter')
    await dialog.getByText('You’re the only administrator. Make someone else an administrator first.').waitFor()
    await fastify.store.changeAccount('bob', { is_admin: true })
    await dialog.getByLabel('Your password').press('Enter')
    await page.getByRole('button', { name: 'Sign up', exact: true }).waitFor()
    t.equal(await page.getByText(LOGGED_OUT).count(), 0, 'the user knows')
    await other.getByText(LOGGED_OUT).waitFor()
    await row(bob, 'I was here').getByText('Deleted account').waitFor()
    t.equal(await row(bob, 'I was here').getByText('minji').count(), 0)
    await bob.reload()
    await row(bob, 'I was here').getByText('Deleted account').waitFor()
  })

  await t.test('the sign-up page says that the first account is the administrator’s, and no other', async t => {
    const { url } = await serve(t)
    const notice = 'This is the server’s first account. It will be the administrator.'
    const page = await visit(t, browser, url)
    await page.getByText(notice).waitFor()
    await signUp(page, 'minji')
    const second = await visit(t, browser, 'about:blank')
    const answered = second.waitForResponse(response => response.url().endsWith('/auth/registration'))
    await second.goto(url)
    await answered
    await signUp(second, 'bob')
    t.equal(await second.getByText(notice).count(), 0)
  })

  await t.test('a server that accepts no accounts offers no form for one', async t => {
    for (const [mode, text] of [
      ['closed', 'This server doesn’t accept new accounts.'],
      ['invite', 'You need an invitation to create an account here.'],
    ] as const) {
      const { url } = await serve(t, { REGISTRATION: mode })
      const page = await visit(t, browser, url)
      await page.getByText(text).waitFor()
      t.equal(await page.getByRole('button', { name: 'Sign up' }).count(), 0)
      t.equal(await page.getByRole('button', { name: 'Log in' }).count(), 1)
    }
  })

  await t.test('the link of an administrator sets a password, logs in, and is not kept in the address', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const { link } = await fastify.auth.accounts.resets.makeLink('minji')
    const fresh = await visit(t, browser, `${url}${link}`)
    await fresh.getByRole('heading', { name: 'Set a new password' }).waitFor()
    t.equal(new URL(fresh.url()).hash, '')
    t.equal(await fresh.getByLabel('Username').inputValue(), 'minji')
    await fresh.getByLabel('New password').fill(NEXT)
    await fresh.getByRole('button', { name: 'Set password and log in' }).click()
    await fresh.getByRole('button', { name: 'Your profile' }).waitFor()
    await page.getByText(LOGGED_OUT).waitFor()
    const late = await visit(t, browser, `${url}${link}`)
    await late.getByLabel('New password').fill(NEXT)
    await late.getByRole('button', { name: 'Set password and log in' }).click()
    await late.getByText('This link is no longer valid.').waitFor()
    await late.getByRole('button', { name: 'Back to login' }).click()
    await late.getByRole('button', { name: 'Sign up', exact: true }).waitFor()
  })
})
