import { mkdirSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { field, inBrowser, log, row, say, send, serve, signUp, until, visit } from '../support/browser.js'

const options = (page: Page) => page.getByRole('listbox', { name: 'Suggestions' }).getByRole('option')

/** Screenshots for whoever changes the look: `SHOTS=folder`. */
async function shoot(page: Page, name: string) {
  const { SHOTS } = process.env
  if (SHOTS === undefined) return
  mkdirSync(SHOTS, { recursive: true })
  await page.screenshot({ path: `${SHOTS}/${name}.png` })
}

inBrowser('mentions', async (t, browser) => {
  await t.test('three people mention each other: completion, highlights, badges, the list of mentions', async t => {
    const { fastify, url } = await serve(t)
    const minji = await visit(t, browser, url)
    await signUp(minji, 'minji')
    const jun = await visit(t, browser, url)
    await signUp(jun, 'jun')
    await fastify.store.changeUser('jun', { display_name: '준호' })
    const sora = await visit(t, browser, url)
    await signUp(sora, 'sora')
    const { id } = await fastify.rooms.create('minji', { name: 'Lunch' })
    for (const username of ['jun', 'sora']) await fastify.rooms.join(id, username, undefined)
    await minji.getByRole('link', { name: 'Lunch' }).click()

    await t.test('names are completed by username, display name and leading consonants', async t => {
      await field(minji).pressSequentially('hi @ju')
      await options(minji).first().waitFor()
      t.strictSame(await options(minji).allTextContents(), ['준호@jun'])
      await field(minji).press('Escape')
      await options(minji).first().waitFor({ state: 'detached' })
      t.equal(await field(minji).inputValue(), 'hi @ju')
      await field(minji).fill('@ㅈㅎ')
      await options(minji).first().waitFor()
      await shoot(minji, 'completion')
      await field(minji).press('Tab')
      t.equal(await field(minji).inputValue(), '@jun ')
      await field(minji).pressSequentially('@')
      await until(minji, async () => (await options(minji).count()) === 4)
      await field(minji).press('ArrowUp')
      await until(minji, async () => (await options(minji).last().getAttribute('aria-selected')) === 'true')
      await field(minji).press('ArrowDown')
      await field(minji).press('ArrowDown')
      await field(minji).press('Enter')
      t.equal(await field(minji).inputValue(), '@jun @sora ')
      await field(minji).press('Enter')
      await row(minji, '@jun @sora').waitFor()
    })

    await t.test('a mention shows in the list of rooms and in the title, and the text stands out', async t => {
      const lunch = jun.getByRole('link', { name: 'Lunch' })
      await lunch.getByText('1 unread mention').waitFor()
      await until(jun, async () => (await jun.title()).startsWith('@1 (1)'))
      await shoot(jun, 'badge')
      await jun.getByRole('button', { name: 'Mentions' }).click()
      const dialog = jun.getByRole('dialog', { name: 'Mentions' })
      await dialog.getByRole('link', { name: '@jun @sora' }).waitFor()
      await shoot(jun, 'list')
      await dialog.getByRole('link', { name: '@jun @sora' }).click()
      await row(jun, '@jun @sora').locator('.mention.own', { hasText: '@jun' }).waitFor()
      t.equal(await row(jun, '@jun @sora').locator('.mention:not(.own)').textContent(), '@sora')
      await until(jun, async () => !(await jun.title()).startsWith('@'))
      await shoot(jun, 'highlight')
    })

    await t.test('an edit takes a mention back from the badge; code and strangers are text', async t => {
      const lunch = sora.getByRole('link', { name: 'Lunch' })
      await lunch.getByText('1 unread mention').waitFor()
      const page = await fastify.messages.page(id, 'minji', {})
      const last = page.messages.at(-1)?.id as number
      await fastify.messages.edit(id, 'minji', last, { client_id: 'edit', text: '@jun `@sora` @nobody' })
      await lunch.getByText('1 unread mention').waitFor({ state: 'detached' })
      await row(minji, '@nobody').waitFor()
      t.strictSame(await log(minji).locator('.mention').allTextContents(), ['@jun'])
      await say(minji, '@all lunch?')
      await lunch.getByText('1 unread mention').waitFor()
      await sora.reload()
      await lunch.getByText('1 unread mention').waitFor()
      await lunch.click()
      await row(sora, '@all lunch?').locator('.mention.own', { hasText: '@all' }).waitFor()
      await send(sora, 'yes')
    })
  })

  await t.test('on a phone, in Korean and in the dark, a name is taken by a touch', async t => {
    const { fastify, url } = await serve(t)
    const phone = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true, locale: 'ko' }
    const page = await visit(t, browser, url, { ...phone, colorScheme: 'dark' })
    await page.getByLabel('아이디', { exact: true }).fill('minji')
    await page.getByLabel('비밀번호', { exact: true }).fill('correct horse battery')
    await page.getByRole('button', { name: '회원가입', exact: true }).click()
    const box = page.getByRole('textbox')
    await page.locator('form.composer').waitFor()
    const other = await visit(t, browser, url)
    await signUp(other, 'jun')
    await box.pressSequentially('@j')
    const list = page.getByRole('listbox', { name: '추천' })
    await list.getByRole('option').first().waitFor()
    await shoot(page, 'phone-completion')
    await list.getByRole('option', { name: '@jun' }).tap()
    t.equal(await box.inputValue(), '@jun ')
    await fastify.messages.send('default', 'jun', { client_id: 'm', text: '@minji님 안녕하세요' })
    await page.locator('.mention.own', { hasText: '@minji' }).waitFor()
    await shoot(page, 'phone-highlight')
  })
})
