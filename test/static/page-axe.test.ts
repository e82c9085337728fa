import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { en } from '../../static/page/i18n/en.js'
import { ko } from '../../static/page/i18n/ko.js'
import { roomFormTexts } from '../../static/page/text/room-form.js'
import { PASSWORD, register } from '../support/application.js'
import { inBrowser, row, serve, visit } from '../support/browser.js'

/** axe, if it is installed. */
function findAxe(): string | null {
  try {
    return readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  } catch {
    return null
  }
}

interface Violation {
  id: string
  impact: string
  nodes: { html: string; failureSummary: string }[]
}

/** Serious violations, as readable lines. */
async function faults(page: Page): Promise<string[]> {
  const violations = await page.evaluate<Violation[]>(
    `axe.run({ rules: { 'label-content-name-mismatch': { enabled: true } } }).then(({ violations }) => violations)`,
  )
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('\n')}`)
}

const looks = [
  { locale: 'en', colorScheme: 'light', width: 1100 },
  { locale: 'ko', colorScheme: 'dark', width: 1100 },
  { locale: 'ko', colorScheme: 'light', width: 320 },
  { locale: 'en', colorScheme: 'dark', width: 320 },
] as const

inBrowser('accessibility', async (t, browser) => {
  const axe = findAxe()
  const skip = axe === null && !process.env.CI && 'axe-core is not installed'
  for (const { locale, colorScheme, width } of looks) {
    const texts = locale === 'ko' ? ko : en
    const narrow = width < 400
    const name = `nothing serious is found on any screen: ${locale}, ${colorScheme}, ${width} px wide`
    await t.test(name, { skip }, async t => {
      const { fastify, url } = await serve(t)
      const page = await visit(t, browser, url, { locale, colorScheme, viewport: { width, height: 700 } })
      const button = (label: string) => page.getByRole('button', { name: label, exact: true }).first()
      // Through the DevTools protocol: the page's CSP allows no foreign script.
      const devtools = await page.context().newCDPSession(page)
      async function check(screen: string) {
        await devtools.send('Runtime.evaluate', { expression: axe as string })
        t.strictSame(await faults(page), [], screen)
      }

      await button(texts.sign_up).waitFor()
      await check('login')
      await page.getByLabel(texts.username).fill('minji')
      await page.getByLabel(texts.password, { exact: true }).fill('short')
      await button(texts.sign_up).click()
      await page.getByText(texts.password_short).waitFor()
      await check('a wrong field')
      await page.getByLabel(texts.password, { exact: true }).fill(PASSWORD)
      await button(texts.sign_up).click()
      await page.getByText(texts.welcome('minji', 'Lobby')).waitFor()
      await check('welcome')
      // People have display names, which differ from their usernames.
      const { headers } = await register(fastify, 'jun')
      const rename = { method: 'PUT', url: '/users/me/profile' } as const
      await fastify.inject({ ...rename, headers, payload: { display_name: '박준' } })
      await page.evaluate(`fetch('/users/me/profile', {
        method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"display_name":"김민지"}',
      })`)
      await fastify.inject({ method: 'POST', url: '/rooms/default/messages', headers, payload: { text: '안녕하세요' } })
      await row(page, '안녕하세요').getByText('박준').waitFor()

      const field = page.locator('.composer textarea')
      await field.fill('see `code` and https://a.example #1\n```\nblock\n```')
      await field.press('Enter')
      await page.locator('article[data-id]').nth(1).waitFor()
      await row(page, 'see').hover()
      await check('a message')
      await row(page, 'see').locator('.actions .icon-reply').click()
      await page.locator('.replying').waitFor()
      await check('replying')
      await button(texts.emoji).click()
      await page.locator('.emoji').waitFor()
      await check('emoji')
      await page.keyboard.press('Escape')
      await button(texts.room_info).click()
      await page.getByRole('complementary', { name: texts.room_info }).waitFor()
      await check('about the room')
      await page.keyboard.press('Escape')

      await button(texts.members).click()
      await page.locator('.member').nth(1).waitFor()
      await check('members')
      await page.keyboard.press('Escape')
      await button(texts.search).click()
      await page.getByLabel(texts.search_hint).fill('see')
      await page.getByLabel(texts.search_hint).press('Enter')
      await page.locator('.hit').waitFor()
      await check('search')
      await page.keyboard.press('Escape')
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox', { name: texts.find_anything }).fill('o')
      await page.locator('.switcher-hit').first().waitFor()
      await check('switcher')
      await page.keyboard.press('Escape')

      if (narrow) await button(texts.rooms).click()
      await check('rooms')
      await button(texts.create_room).click()
      await page.getByRole('dialog', { name: texts.create_room }).waitFor()
      await check('new room')
      await page.getByText(roomFormTexts[locale === 'ko' ? 'ko' : 'en'].more_settings).click()
      await check('more settings of a new room')
      await page.keyboard.press('Escape')
      await button(texts.new_direct).click()
      await page.locator('.new-direct input').fill('jun')
      await page.locator('.found-people button').waitFor()
      await check('new message')
      await page.locator('.found-people button').click()
      await page.locator('.chip').waitFor()
      await check('a chosen person')
      await page.keyboard.press('Escape')
      await page.getByRole('link', { name: texts.browse }).click()
      await page.locator('.listing').waitFor()
      await check('browse')
      if (narrow) await button(texts.rooms).click()
      await page.getByRole('button', { name: texts.your_profile }).click()
      await page.getByRole('dialog', { name: texts.your_profile }).waitFor()
      await check('profile')
      await page.keyboard.press('Escape')
      await page.locator('.sidebar .menu summary').click()
      await check('menu')
      await page.locator('.sidebar .menu-items').getByRole('button', { name: texts.keyboard_shortcuts }).click()
      await page.getByRole('dialog', { name: texts.keyboard_shortcuts }).waitFor()
      await check('keys')
      const pair = await fastify.rooms.openDirect('jun', ['minji'], create => create())
      await fastify.messages.send(pair.id, 'jun', { client_id: 'direct', text: '점심 어때요?' })
      await page.goto(`${url}/r/${pair.id}`)
      await row(page, '점심').waitFor()
      await button(texts.room_info).click()
      await page.locator('.panel .room-card').waitFor()
      await check('about a direct conversation')
      await page.keyboard.press('Escape')
      await fastify.rooms.block('minji', 'jun')
      await page.locator('.composer-notice').waitFor()
      await page.locator('article .deleted').waitFor()
      await check('a blocked user')
      await page.goto(`${url}/r/nowhere`)
      await page.locator('.join-room input').waitFor()
      await check('no such room')

      const { id } = await fastify.rooms.create('minji', { name: 'Lunch' })
      const { code } = await fastify.rooms.invite(id, 'minji', {})
      await fastify.rooms.joinByInvite(code, 'jun')
      await page.goto(`${url}/i#${code}`)
      await page.locator('.door .primary').waitFor()
      await check('an invitation')
      await page.locator('.door .primary').click()
      await field.waitFor()
      await button(texts.room_info).click()
      await page.getByRole('button', { name: /^(Invitations|초대 링크)$/ }).click()
      await page.locator('.invite-form .primary').click()
      await page.locator('.invite-made').waitFor()
      await page.locator('.devices li').nth(1).waitFor()
      await check('invitations')
    })
  }
})
