/** `npm run screenshots`: the main screens as PNGs in docs/screenshots. Needs Chromium and Korean fonts. */
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { createHttp } from '../static/client/index.js'
import { launch } from './browser.js'
import { startServer } from './replay/server.js'

const FOLDER = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url))
const PASSWORD = 'correct horse battery'

const people = [
  { username: 'minji', display_name: '김민지', avatar_color: '#3557c9' },
  { username: 'jun', display_name: 'Jun Park', avatar_color: '#0b6e6e' },
  { username: 'sora', display_name: '이소라', avatar_color: '#9a3b6b' },
] as const

const messages: Record<'en' | 'ko', [person: number, text: string, reply_to?: number][]> = {
  en: [
    [1, 'Good morning! The new build is up on the test server.'],
    [0, 'Nice. Does resuming after a restart work now?'],
    [
      1,
      "Yes, the client only asks for what it missed:\n```ts\nsocket.send({ type: 'subscribe', room_id, after: last_seq })\n```",
    ],
    [1, 'Details are in https://example.com/notes/resume'],
    [2, '점심은 12시에 어때요?'],
    [0, 'Noon works for me. I unplugged the cable twice: no message was lost or duplicated.', 4],
    [2, 'Great, let’s ship it after lunch.'],
  ],
  ko: [
    [1, '좋은 아침입니다! 테스트 서버에 새 버전을 올렸어요.'],
    [0, '좋네요. 서버를 재시작해도 이어서 받나요?'],
    [1, "네, 놓친 메시지만 다시 받아요.\n```ts\nsocket.send({ type: 'subscribe', room_id, after: last_seq })\n```"],
    [1, '자세한 내용은 https://example.com/notes/resume 에 있습니다.'],
    [2, '점심은 12시에 어때요?'],
    [0, '12시 좋아요. 랜선을 두 번 뽑아 봤는데 누락되거나 중복된 메시지는 없네요.', 4],
    [2, '그럼 점심 먹고 배포합시다.'],
  ],
}

async function shoot(
  name: string,
  language: 'en' | 'ko',
  options: BrowserContextOptions,
  act?: (page: Page) => Promise<void>,
) {
  const server = await startServer()
  const browser = await launch()
  try {
    const base_url = server.base_url
    const clients = []
    for (const { username, display_name, avatar_color } of people) {
      const { token } = await createHttp({ base_url }).register({ username, password: PASSWORD })
      const http = createHttp({ base_url, token: () => token })
      await http.changeProfile({ display_name, avatar_color })
      clients.push(http)
    }
    const names = language === 'ko' ? ['개발', '점심', '공지'] : ['Build', 'Lunch', 'News']
    const rooms = []
    for (const name of names) rooms.push(await clients[0]?.createRoom({ name }))
    const ids: number[] = []
    for (const [person, text, reply_to] of messages[language]) {
      const original = reply_to === undefined ? undefined : ids[reply_to]
      const sent = await clients[person]?.send('default', {
        text,
        ...(original !== undefined && { reply_to: original }),
      })
      ids.push(sent?.id ?? 0)
    }
    await clients[1]?.join(rooms[1]?.id ?? '')
    for (const text of ['비빔밥?', '김밥!']) await clients[1]?.send(rooms[1]?.id ?? '', { text })

    const locale = language
    const page = await browser.newPage({ locale, viewport: { width: 1100, height: 700 }, ...options })
    await page.goto(base_url)
    await page.getByRole('button', { name: /^(Log in|로그인)$/ }).click()
    await page.locator('input[name=username]').fill('minji')
    await page.locator('input[name=password]').fill(PASSWORD)
    await page.locator('form button[type=submit]').click()
    await page.locator('.room-link').first().click()
    await page
      .locator('article')
      .nth(messages[language].length - 1)
      .waitFor()
    await act?.(page)
    await page.screenshot({ path: `${FOLDER}${name}.png`, animations: 'disabled', caret: 'hide' })
    console.log(`docs/screenshots/${name}.png`)
  } finally {
    await browser.close()
    await server.stop()
  }
}

const phone = { viewport: { width: 390, height: 760 }, hasTouch: true, isMobile: true }

mkdirSync(FOLDER, { recursive: true })
await shoot('desk', 'en', {})
await shoot('dark', 'en', { colorScheme: 'dark' }, async page => {
  await page.getByRole('button', { name: 'Members' }).click()
  await page.locator('.member').nth(2).waitFor()
})
await shoot('korean', 'ko', {})
await shoot('phone', 'ko', phone)
