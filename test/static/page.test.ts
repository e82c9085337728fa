import { PASSWORD, register, temporaryFolder } from '../support/application.js'
import {
  browse,
  field,
  fill,
  inBrowser,
  isInView,
  log,
  openAbout,
  row,
  say,
  send,
  serve,
  signUp,
  texts,
  until,
  visit,
} from '../support/browser.js'

inBrowser('the page in a browser', async (t, browser) => {
  await t.test('two users chat, and each sees every message once and in order', async t => {
    const { url } = await serve(t)
    const minji = await visit(t, browser, url)
    await signUp(minji, 'minji')
    const jun = await visit(t, browser, url)
    await signUp(jun, 'jun')

    await say(minji, '안녕하세요!')
    await row(jun, '안녕하세요!').waitFor()
    // It expires some time after the last key.
    await Promise.all([minji.getByText('jun is typing…').waitFor(), field(jun).pressSequentially('typing')])
    await field(jun).fill('')
    await say(jun, 'hello')
    await say(jun, 'how are you?\n')
    await row(minji, 'how are you?').waitFor()
    await say(minji, 'fine')
    const expected = ['안녕하세요!', 'hello', 'how are you?\n', 'fine']
    t.strictSame(await texts(minji, 'fine'), expected)
    t.strictSame(await texts(jun, 'fine'), expected)
    await minji.getByText('jun is typing…').waitFor({ state: 'detached' })
    await minji.getByText('2 online').waitFor()
    await until(minji, async () => (await minji.title()).startsWith('Lobby'))
  })

  await t.test('edits, deletions and replies reach the other user', async t => {
    const { url } = await serve(t)
    const minji = await visit(t, browser, url)
    await signUp(minji, 'minji')
    const jun = await visit(t, browser, url)
    await signUp(jun, 'jun')

    await send(minji, 'lunch at noon?')
    await row(jun, 'lunch at noon?').waitFor()
    await field(minji).press('ArrowUp')
    await minji.getByLabel('Edit message').fill('lunch at one?')
    await minji.getByLabel('Edit message').press('Enter')
    await row(jun, 'lunch at one?').getByText('(edited)').waitFor()

    await row(jun, 'lunch at one?').hover()
    await row(jun, 'lunch at one?').getByRole('button', { name: 'Reply' }).click()
    await say(jun, 'with pleasure')
    await row(minji, 'with pleasure').getByRole('button', { name: 'minji' }).waitFor()
    t.equal(
      await row(jun, 'lunch at one?').first().getByRole('button', { name: 'Edit', exact: true }).count(),
      0,
      'not on another user’s message',
    )

    await row(minji, 'lunch at one?').first().hover()
    await row(minji, 'lunch at one?').first().getByRole('button', { name: 'Delete' }).click()
    await minji.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await log(jun).locator('.text', { hasText: 'This message was deleted.' }).waitFor()
    t.equal(await jun.getByText('lunch at one?').count(), 0, 'nor in a quote')
  })

  await t.test('invalid input is reported at its field', async t => {
    const { fastify, url } = await serve(t)
    await register(fastify, 'minji')
    const page = await visit(t, browser, url)
    const note = (label: string) =>
      page.locator('.field', { has: page.getByLabel(label, { exact: true }) }).getByRole('alert')
    const enter = async (username: string, password: string, button: string) => {
      await page.getByLabel('Username').fill(username)
      await page.getByLabel('Password', { exact: true }).fill(password)
      await page.locator('form').getByRole('button', { name: button, exact: true }).first().click()
    }
    await enter('민지', 'short', 'Sign up')
    t.match(await note('Username').textContent(), /3–30 letters/)
    t.match(await note('Password').textContent(), /at least 8 characters/)
    await enter('Minji', PASSWORD, 'Sign up')
    await page.getByText('This username is already taken.').waitFor()
    t.equal(await note('Username').textContent(), 'This username is already taken.')
    await page.getByRole('button', { name: 'Log in' }).click()
    await enter('minji', 'wrong horse', 'Log in')
    await page.getByText('Incorrect username or password.').waitFor()
    await enter('minji', PASSWORD, 'Log in')
    await field(page).waitFor()
  })

  await t.test('rooms are created, found, joined, read, left and deleted', async t => {
    const { url } = await serve(t)
    const minji = await visit(t, browser, url)
    await signUp(minji, 'minji')
    await minji.getByRole('button', { name: 'Create a room' }).click()
    await minji.getByLabel('Room name').fill('Lobby')
    await minji.getByRole('button', { name: 'Create', exact: true }).click()
    await minji.getByText('A room with this name already exists.').waitFor()
    await minji.getByLabel('Room name').fill('점심')
    await minji.getByText('More settings').click()
    await minji.getByLabel('Description (optional)').fill('Where shall we eat?')
    await minji.getByLabel('Password (optional)').fill('sesame')
    await minji.getByRole('button', { name: 'Create', exact: true }).click()
    await minji.getByRole('textbox', { name: 'Message 점심' }).waitFor()
    await log(minji).getByText('Where shall we eat?').waitFor()

    const jun = await visit(t, browser, url)
    await signUp(jun, 'jun')
    await browse(jun)
    await jun.getByRole('link', { name: '점심' }).click()
    await jun.getByLabel('Password').fill('wrong')
    await jun.getByRole('button', { name: 'Join' }).click()
    await jun.getByText('Incorrect password.').waitFor()
    await jun.getByLabel('Password').fill('sesame')
    await jun.getByRole('button', { name: 'Join' }).click()
    await jun.getByRole('textbox', { name: 'Message 점심' }).waitFor()
    await jun.getByRole('link', { name: 'Lobby' }).click()
    await jun.getByRole('textbox', { name: 'Message Lobby' }).waitFor()

    await say(minji, 'bibimbap')
    await jun.getByRole('link', { name: /점심.*1 unread/ }).click()
    await row(jun, 'bibimbap').waitFor()
    await jun.getByRole('button', { name: 'Members' }).click()
    const panel = jun.getByRole('complementary', { name: 'Members' })
    await panel.getByRole('button', { name: /minji.*Owner.*Online/ }).waitFor()
    await panel.getByRole('button', { name: 'Close' }).click()

    await openAbout(jun)
    await jun.getByRole('button', { name: 'Leave room' }).click()
    await jun.getByRole('dialog').getByRole('button', { name: 'Leave room' }).click()
    await jun.getByRole('textbox', { name: 'Message Lobby' }).waitFor()
    await minji.getByText('1 member', { exact: false }).waitFor()

    await openAbout(minji)
    await minji.getByRole('button', { name: 'Delete room' }).click()
    await minji.getByRole('dialog').getByRole('button', { name: 'Delete room' }).click()
    await minji.getByRole('link', { name: '점심' }).waitFor({ state: 'detached' })
  })

  await t.test('neither older messages above nor a new one below move the message being read', async t => {
    const { fastify, url } = await serve(t)
    await fill(fastify, 100)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await row(page, 'line 100').waitFor()
    t.equal(await row(page, 'line 001').count(), 0)
    const box = log(page)
    const rest = () => box.evaluate(element => element.scrollHeight - element.scrollTop - element.clientHeight)
    // The room opens at its end.
    await until(page, async () => (await rest()) < 2)

    const rows = () => box.locator('article').count()
    // Of the text: the row also begins with its sender, until an older message of the same one is above it.
    const topOf = async (id: number) => (await box.locator(`[data-id="${id}"] .text`).boundingBox())?.y as number
    while ((await row(page, 'line 001').count()) === 0) {
      const count = await rows()
      // In one step, before anything can be loaded.
      const first = await box.evaluate(element => {
        element.scrollTop = 0
        const row = element.querySelector('article')
        const top = row?.querySelector('.text')?.getBoundingClientRect().top ?? 0
        return { id: Number(row?.getAttribute('data-id')), top }
      })
      await until(page, async () => (await rows()) > count)
      t.ok(Math.abs((await topOf(first.id)) - first.top) <= 2, `${count} rows became ${await rows()}, none jumped`)
    }
    t.strictSame(
      await box.locator('.text').allTextContents(),
      Array.from({ length: 100 }, (_, i) => `line ${String(i + 1).padStart(3, '0')}`),
    )
    const top = await topOf(20)
    const { headers } = await register(fastify, 'jun')
    await fastify.inject({ method: 'POST', url: '/rooms/default/messages', headers, payload: { text: 'news' } })
    await page.getByRole('button', { name: '1 new message' }).waitFor()
    t.ok(Math.abs((await topOf(20)) - top) <= 2)
    await page.getByRole('button', { name: '1 new message' }).click()
    await until(page, async () => (await rest()) < 2)
  })

  await t.test(
    'a URL names a message, a search result opens in its context, and a button returns to the newest',
    async t => {
      const { fastify, url } = await serve(t)
      await fill(fastify, 250)
      const page = await visit(t, browser, url)
      await signUp(page, 'minji')
      await page.getByRole('button', { name: 'Search' }).click()
      await page.getByLabel('Search this room').fill('007')
      await page.getByLabel('Search this room').press('Enter')
      await page.getByRole('button', { name: /line 007/ }).click()
      await until(page, () => isInView(page, 'line 007'))
      t.equal(await row(page, 'line 250').count(), 0)
      t.match(page.url(), /\/r\/default#\d+$/)

      const other = await visit(t, browser, page.url())
      await signUp(other, 'jun')
      await until(other, () => isInView(other, 'line 007'))
      await say(other, 'back to now')
      await row(page, 'line 007').waitFor()
      await page.getByRole('button', { name: /Jump to latest|new message/ }).click()
      await row(page, 'back to now').waitFor()
      t.strictSame((await texts(other, 'back to now')).slice(-2), ['line 250', 'back to now'])
    },
  )

  await t.test('messages sent while the server is down are kept, arrive once, and need no new login', async t => {
    const DATA_DIR = temporaryFolder(t)
    const first = await serve(t, { DATA_DIR })
    const minji = await visit(t, browser, first.url)
    await signUp(minji, 'minji')
    await say(minji, 'before')
    await row(minji, 'before').waitFor()
    await first.fastify.close()
    await minji.getByText('Connection lost.', { exact: false }).waitFor()
    await say(minji, 'meanwhile')
    await row(minji, 'meanwhile').getByText('Sending…').waitFor()

    const second = await serve(t, { DATA_DIR, PORT: String(first.port) })
    // If it has not reconnected already.
    await minji.getByRole('button', { name: 'Reconnect' }).evaluateAll(found => {
      for (const button of found) button.click()
    })
    await minji.getByText('Sending…').waitFor({ state: 'detached' })
    await minji.getByText('Connection lost.', { exact: false }).waitFor({ state: 'detached' })
    t.strictSame(await texts(minji, 'meanwhile'), ['before', 'meanwhile'])
    await minji.reload()
    t.strictSame(await texts(minji, 'meanwhile'), ['before', 'meanwhile'])
    t.equal(second.url, first.url)
  })

  await t.test('a logout in another tab logs the page out and says so', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const twin = await page.context().newPage()
    await twin.goto(url)
    await field(twin).waitFor()
    await twin.getByLabel('More').first().click()
    await twin.getByRole('button', { name: 'Log out' }).click()
    await twin.getByRole('button', { name: 'Log in' }).waitFor()
    await page.getByText('You’ve been logged out.', { exact: false }).waitFor()
  })

  await t.test('messages are inserted as text, and only http and https URLs become links', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const text = '<img src=x onerror=alert(1)> <b>x</b> javascript:alert(1) https://a.example/x.'
    await say(page, text)
    t.strictSame(await texts(page, 'onerror'), [text])
    t.equal(await log(page).locator('img, b, .text script').count(), 0)
    const links = log(page).locator('.text a')
    t.equal(await links.count(), 1)
    t.equal(await links.getAttribute('href'), 'https://a.example/x')
    t.equal(await links.getAttribute('rel'), 'noopener noreferrer')
  })

  await t.test('Enter during a Hangul syllable sends the complete text, once', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await field(page).focus()
    const devtools = await page.context().newCDPSession(page)
    const enter = { key: 'Process', code: 'Enter', windowsVirtualKeyCode: 229 }
    await devtools.send('Input.insertText', { text: '안녕하세' })
    for (const text of ['ㅇ', '요']) {
      await devtools.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })
    }
    await devtools.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...enter })
    await devtools.send('Input.insertText', { text: '요' })
    await devtools.send('Input.dispatchKeyEvent', { type: 'keyUp', ...enter })
    await row(page, '안녕하세요').waitFor()
    t.equal(await field(page).inputValue(), '')
    await say(page, 'next')
    t.strictSame(await texts(page, 'next'), ['안녕하세요', 'next'])
  })

  await t.test('a lost keyup swallows no Enter', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await field(page).focus()
    const devtools = await page.context().newCDPSession(page)
    const enter = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' }
    for (const text of ['one', 'two', 'three']) {
      await page.keyboard.type(text)
      await devtools.send('Input.dispatchKeyEvent', { type: 'keyDown', ...enter })
    }
    t.strictSame(await texts(page, 'three'), ['one', 'two', 'three'])
    t.equal(await field(page).inputValue(), '')
  })

  await t.test('the time beside a message of a group is shown whole', async t => {
    for (const [locale, label] of [
      ['en', 'Username'],
      ['ko', '아이디'],
    ] as const) {
      const { fastify, url } = await serve(t)
      const page = await visit(t, browser, url, { locale })
      await page.clock.setSystemTime(new Date(2026, 9, 21, 22, 27))
      await page.getByLabel(label).fill('minji')
      await page.locator('input[name=password]').fill(PASSWORD)
      await page.locator('form button[type=submit]').click()
      await page.locator('.composer textarea').waitFor()
      for (const text of ['one', 'two']) await fastify.messages.send('default', 'minji', { client_id: text, text })
      await row(page, 'two').hover()
      const time = row(page, 'two').locator('time')
      t.match(await time.textContent(), /^\d{1,2}:\d\d$/)
      t.ok(
        await time.evaluate(element => {
          const { left, right } = element.getBoundingClientRect()
          const range = element.ownerDocument.createRange()
          range.selectNodeContents(element)
          const text = range.getBoundingClientRect()
          return text.left >= left && text.right <= right && element.getClientRects().length === 1
        }),
        locale,
      )
    }
  })

  await t.test('on a phone in Korean nothing is cut off, down to 320 px', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url, {
      locale: 'ko',
      colorScheme: 'dark',
      viewport: { width: 320, height: 568 },
      hasTouch: true,
      isMobile: true,
    })
    const width = () => page.evaluate<number>('document.documentElement.scrollWidth')
    t.equal(await width(), 320)
    await page.getByLabel('아이디').fill('minji')
    await page.getByLabel('비밀번호', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: '회원가입', exact: true }).click()
    await page.getByRole('textbox', { name: 'Lobby에 메시지 보내기' }).fill('가'.repeat(200))
    await page.getByRole('button', { name: '보내기' }).tap()
    await page.getByRole('log').locator('.text').waitFor()
    t.equal(await width(), 320)
    t.equal(await page.evaluate('document.documentElement.lang'), 'ko')
    await page.getByRole('button', { name: '멤버' }).tap()
    await page.getByRole('button', { name: /minji.*온라인/ }).waitFor()
    t.equal(await width(), 320)
    await page.getByRole('button', { name: '닫기' }).tap()
    await page.getByRole('button', { name: '채팅방', exact: true }).tap()
    await page.getByRole('button', { name: '채팅방 만들기' }).tap()
    t.equal(await width(), 320)
  })
})
