import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { PASSWORD, register } from '../support/application.js'
import { inBrowser, log, serve, signUp, until, visit } from '../support/browser.js'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

async function checkAxe(t: Test, page: Page, screen: string) {
  await page.evaluate(axe)
  const found = await page.evaluate<string[]>(
    `axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes.map(({ html }) => html).join()))`,
  )
  t.strictSame(found, [], screen)
}

const open = async (page: Page) => {
  await page.locator('.sidebar-foot summary').click()
  await page.getByRole('button', { name: 'Administration' }).click()
  await page.getByRole('heading', { name: 'Administration' }).waitFor()
}
const tab = (page: Page, name: string) => page.locator('.admin .tabs').getByRole('button', { name }).click()
const rowOf = (page: Page, name: string) => page.locator('.admin-rows > li', { hasText: name })
const confirm = (page: Page, name: string) =>
  page.getByRole('dialog').getByRole('button', { name, exact: true }).click()

async function choose(page: Page, row: string, action: string) {
  await rowOf(page, row).locator('summary').click()
  await rowOf(page, row).getByRole('button', { name: action }).click()
}

inBrowser('administration', async (t, browser) => {
  await t.test(
    'an administrator runs users, rooms, registration and announcements, and others see it at once',
    async t => {
      const { fastify, url } = await serve(t)
      const boss = await visit(t, browser, url)
      await signUp(boss, 'boss')
      const minji = await visit(t, browser, url)
      await signUp(minji, 'minji')
      await register(fastify, 'seojun')
      const { id } = await fastify.rooms.create('seojun', { name: 'Lunch', is_public: false })
      await minji.locator('.sidebar-foot summary').click()
      await minji.getByRole('button', { name: 'Log out' }).waitFor()
      t.equal(await minji.getByRole('button', { name: 'Administration' }).count(), 0)
      await minji.keyboard.press('Escape')

      await open(boss)
      await boss.locator('.figures dd').first().getByText('3').waitFor()
      await boss.getByRole('radio', { name: /By invitation/ }).check()
      await until(boss, async () => (await fastify.auth.registration()).mode === 'invite')
      await boss.getByLabel('Announcement').fill('Back at ten.')
      await boss.getByRole('button', { name: 'Post' }).click()
      await boss.getByText('Posted.').waitFor()
      await minji.getByRole('link', { name: /Lobby/ }).click()
      await log(minji).getByText('Back at ten.').waitFor()
      await checkAxe(t, boss, 'overview')

      await tab(boss, 'Users')
      await boss.getByRole('searchbox').fill('seo')
      await rowOf(boss, 'minji').waitFor({ state: 'detached' })
      await choose(boss, 'seojun', 'Block…')
      await confirm(boss, 'Block')
      await rowOf(boss, 'seojun').getByText('Blocked', { exact: true }).waitFor()
      await checkAxe(t, boss, 'users')
      await boss.getByRole('searchbox').fill('')
      await rowOf(boss, 'minji').waitFor()
      await choose(boss, 'minji', 'Password reset link')
      t.match(await boss.getByRole('textbox', { name: 'Link' }).inputValue(), new RegExp(`^${url}/reset#minji\\.`))
      await checkAxe(t, boss, 'link')
      await boss.keyboard.press('Escape')
      await choose(boss, 'minji', 'Devices')
      await boss.getByRole('dialog').getByRole('listitem').first().waitFor()
      await checkAxe(t, boss, 'devices')
      await boss.keyboard.press('Escape')

      await tab(boss, 'Rooms')
      await rowOf(boss, 'Lunch').getByText('Owner blocked').waitFor()
      await choose(boss, 'Lunch', 'Take over…')
      await confirm(boss, 'Take over')
      await rowOf(boss, 'Lunch').getByText('You own this room').waitFor()
      t.match(await fastify.rooms.get(id, 'boss'), { owner: 'boss' })
      await checkAxe(t, boss, 'rooms')
      await choose(boss, 'Lunch', 'Delete room…')
      await confirm(boss, 'Delete room')
      await rowOf(boss, 'Lunch').waitFor({ state: 'detached' })

      await tab(boss, 'Users')
      await choose(boss, 'seojun', 'Delete account…')
      await boss.getByRole('dialog').getByRole('button', { name: 'Delete for good' }).click()
      await rowOf(boss, 'seojun').waitFor({ state: 'detached' })
      await tab(boss, 'Audit log')
      const entries = boss.locator('.log-entries > li > p:first-child')
      await entries.first().waitFor()
      t.strictSame(await entries.allTextContents(), [
        'boss deleted an account',
        'boss deleted the room “Lunch”',
        'boss took over the room “Lunch”',
        'boss made a password reset link for minji',
        'boss blocked Deleted account',
        'boss posted an announcement',
        'boss limited signing up to invitations',
      ])
      await checkAxe(t, boss, 'audit log')
    },
  )

  await t.test('an administrator who is dismissed leaves the screen at once, also in Korean on a phone', async t => {
    const { fastify, url } = await serve(t)
    await register(fastify, 'boss')
    await register(fastify, 'minji')
    const actor = { username: 'boss', address: '' }
    await fastify.administration.setAdmin(actor, 'minji', true)
    const phone = { locale: 'ko', viewport: { width: 390, height: 700 }, hasTouch: true, isMobile: true }
    const page = await visit(t, browser, `${url}/administration`, phone)
    await page.getByRole('button', { name: '로그인', exact: true }).first().tap()
    await page.getByLabel('아이디').fill('minji')
    await page.getByLabel('비밀번호', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: '로그인', exact: true }).tap()
    await page.getByRole('heading', { name: '서버 관리' }).waitFor()
    for (const name of ['사용자', '채팅방', '감사 로그', '개요']) {
      await tab(page, name)
      t.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= 390, `${name} is not too wide`)
    }
    await tab(page, '사용자')
    await rowOf(page, 'boss').waitFor()
    await fastify.administration.setAdmin(actor, 'minji', false)
    await page.getByRole('heading', { name: '서버 관리' }).waitFor({ state: 'detached' })
    await page.locator('.sidebar-foot summary').tap()
    await page.getByRole('button', { name: '로그아웃' }).waitFor()
    t.equal(await page.getByRole('button', { name: '서버 관리' }).count(), 0)
    await fastify.administration.setAdmin(actor, 'minji', true)
    await page.getByRole('heading', { name: '서버 관리' }).waitFor()
  })

  await t.test('by keyboard alone an administrator appoints another one', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'boss')
    await register(fastify, 'minji')
    await page.goto(`${url}/administration`)
    await page.locator('.admin .tabs').getByRole('button', { name: 'Users' }).press('Enter')
    await rowOf(page, 'minji').locator('summary').press('Enter')
    await rowOf(page, 'minji').getByRole('button', { name: 'Make administrator…' }).waitFor()
    for (let n = 0; n < 4; n++) await page.keyboard.press('ArrowDown')
    t.equal(await page.evaluate('document.activeElement.textContent'), 'Make administrator…')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Enter')
    await rowOf(page, 'minji').getByText('Administrator', { exact: true }).waitFor()
    t.match(await fastify.store.readUser('minji'), { is_admin: true })
  })
})
