import type { Page } from 'playwright-core'
import { PASSWORD, register } from '../support/application.js'
import { inBrowser, row, say, serve, signUp, until, visit } from '../support/browser.js'

const link = (page: Page, room: string) => page.locator('.room-link', { has: page.locator('bdi', { hasText: room }) })
const line = (page: Page, room: string) => link(page, room).locator('.last-message')
const shows = (page: Page, room: string, text: string) =>
  until(page, async () => (await line(page, room).allTextContents()).join() === text)

inBrowser('the last message in the room list', async (t, browser) => {
  await t.test('shows the present last message of rooms that are not open, in the user’s language', async t => {
    const { fastify, url } = await serve(t)
    const minji = await visit(t, browser, url)
    await signUp(minji, 'minji')
    const jun = await register(fastify, 'jun')
    const made = await fastify.inject({ method: 'POST', url: '/rooms', ...jun, payload: { name: 'Lunch' } })
    const { id } = made.json<{ id: string }>()
    await fastify.inject({ method: 'PUT', url: `/rooms/${id}/members/minji`, headers: jun.headers })
    await minji.reload()
    await link(minji, 'Lunch').waitFor()
    t.equal(await line(minji, 'Lunch').count(), 0, 'no messages yet')

    const kim = await visit(t, browser, url, { locale: 'ko' })
    await kim.getByRole('button', { name: '로그인' }).click()
    await kim.getByLabel('아이디').fill('jun')
    await kim.getByLabel('비밀번호', { exact: true }).fill(PASSWORD)
    await kim.locator('form button[type=submit]').click()
    await link(kim, 'Lunch').click()
    const write = kim.getByRole('textbox', { name: 'Lunch에 메시지 보내기' })
    await write.fill('<b>soup</b>\nor `bread`?')
    await kim.getByRole('button', { name: '보내기' }).click()

    await shows(minji, 'Lunch', 'jun: <b>soup</b>\nor `bread`?')
    await shows(kim, 'Lunch', '나: <b>soup</b>\nor `bread`?')
    const height = (await link(minji, 'Lunch').boundingBox())?.height
    await fastify.inject({
      method: 'PUT',
      url: '/users/me/profile',
      headers: jun.headers,
      payload: { display_name: '박준' },
    })
    await shows(minji, 'Lunch', '박준: <b>soup</b>\nor `bread`?')

    await kim.locator('article[data-id]', { hasText: 'soup' }).waitFor()
    await write.press('ArrowUp')
    await kim.getByLabel('메시지 수정').fill(`stew! ${'긴 이야기 '.repeat(200)}`)
    await kim.getByLabel('메시지 수정').press('Enter')
    const stew = async () => ((await line(minji, 'Lunch').textContent()) ?? '').startsWith('박준: stew! 긴')
    await until(minji, stew)
    t.equal((await link(minji, 'Lunch').boundingBox())?.height, height, 'one line, however long the text is')
    const desk = minji.viewportSize() ?? { width: 0, height: 0 }
    await minji.setViewportSize({ width: 360, height: 640 })
    await minji.goto(url)
    await line(minji, 'Lunch').waitFor()
    await until(minji, stew)
    await minji.setViewportSize(desk)
    await minji.goto(`${url}/r/default`)

    await row(kim, 'stew!').hover()
    await row(kim, 'stew!').getByRole('button', { name: '삭제' }).click()
    await kim.getByRole('dialog').getByRole('button', { name: '삭제' }).click()
    await shows(minji, 'Lunch', 'This message was deleted.')
    await shows(kim, 'Lunch', '삭제된 메시지예요.')
    await minji.reload()
    await shows(minji, 'Lunch', 'This message was deleted.')

    await say(minji, 'hello')
    await shows(minji, 'Lobby', 'You: hello')
    await shows(kim, 'Lobby', 'minji: hello')
  })

  await t.test('a response older than the latest events is ignored', async t => {
    const { fastify, url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const { headers } = await register(fastify, 'jun')
    const made = await fastify.inject({ method: 'POST', url: '/rooms', headers, payload: { name: 'Lunch' } })
    const { id } = made.json<{ id: string }>()
    const send = (text: string) =>
      fastify.inject({ method: 'POST', url: `/rooms/${id}/messages`, headers, payload: { text } })
    await fastify.inject({ method: 'PUT', url: `/rooms/${id}/members/minji`, headers })
    await send('soup?')
    await page.reload()
    await shows(page, 'Lunch', 'jun: soup?')

    let release = () => {}
    const released = new Promise<void>(resolve => {
      release = resolve
    })
    let hold = () => {}
    const held = new Promise<void>(resolve => {
      hold = resolve
    })
    await page.route(
      `**/rooms/${id}`,
      async route => {
        const response = await route.fetch()
        hold()
        await released
        await route.fulfill({ response })
      },
      { times: 1 },
    )
    await register(fastify, 'sora')
    await fastify.inject({ method: 'PUT', url: `/rooms/${id}/members/sora`, headers })
    await held
    await send('bread!')
    await shows(page, 'Lunch', 'jun: bread!')
    const [old, next] = [page.waitForResponse(`**/rooms/${id}`), page.waitForRequest(`**/rooms/${id}`)]
    release()
    await (await old).finished()
    await next
    t.equal(await line(page, 'Lunch').textContent(), 'jun: bread!')
    await link(page, 'Lunch').getByText('2 unread').waitFor()
  })
})
