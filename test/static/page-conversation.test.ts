import type { FastifyInstance } from 'fastify'
import type { CDPSession, Page } from 'playwright-core'
import { PASSWORD, register } from '../support/application.js'
import { inBrowser, row, serve, until, visit } from '../support/browser.js'

/** Another user, with a display name, who talks over HTTP. */
async function partner(fastify: FastifyInstance) {
  const { headers } = await register(fastify, 'jun')
  await fastify.inject({ method: 'PUT', url: '/users/me/profile', headers, payload: { display_name: '박준' } })
  return async (text: string) => {
    await fastify.inject({ method: 'POST', url: '/rooms/default/messages', headers, payload: { text } })
  }
}

/** What the server has in the end: who said what, in answer to which text. */
async function talk(fastify: FastifyInstance) {
  const { messages } = await fastify.messages.page('default', 'jun', {})
  const textOf = (id: number | undefined) => messages.find(message => message.id === id)?.text
  return messages.map(({ username, text, reply_to, edited_at, deleted_at }) =>
    [
      `${username}: ${text}`,
      ...(reply_to === undefined ? [] : [`to ${textOf(reply_to)}`]),
      ...(edited_at === undefined ? [] : ['edited']),
      ...(deleted_at === undefined ? [] : ['deleted']),
    ].join(', '),
  )
}

/** The page through the browser’s accessibility tree: elements are found by role and name, as assistive tools find them. */
function accessible(page: Page, devtools: CDPSession) {
  interface Node {
    ignored: boolean
    role?: { value: string }
    name?: { value: string }
    backendDOMNodeId?: number
    properties?: { name: string; value: { value: unknown } }[]
  }
  const matches = (found: string | undefined, wanted: string | RegExp) =>
    typeof wanted === 'string' ? found === wanted : wanted.test(found ?? '')
  async function all(role: string, name: string | RegExp): Promise<Node[]> {
    const { nodes } = (await devtools.send('Accessibility.getFullAXTree')) as { nodes: Node[] }
    return nodes.filter(node => !node.ignored && node.role?.value === role && matches(node.name?.value, name))
  }
  async function find(role: string, name: string | RegExp): Promise<Node> {
    let found: Node | undefined
    await until(page, async () => {
      found = (await all(role, name)).at(-1)
      return found !== undefined
    })
    return found as Node
  }
  async function on(node: Node, act: string) {
    const { object } = await devtools.send('DOM.resolveNode', { backendNodeId: node.backendDOMNodeId as number })
    await devtools.send('Runtime.callFunctionOn', {
      objectId: object.objectId as string,
      functionDeclaration: `function () { ${act} }`,
    })
  }
  return {
    all,
    find,
    press: async (role: string, name: string | RegExp) => on(await find(role, name), 'this.click()'),
    async write(role: string, name: string | RegExp, text: string) {
      await on(await find(role, name), 'this.focus(); this.select?.()')
      await devtools.send('Input.insertText', { text })
    },
    gone: (role: string, name: string | RegExp) => until(page, async () => (await all(role, name)).length === 0),
  }
}

inBrowser('whole conversations', async (t, browser) => {
  await t.test('by keyboard alone', async t => {
    const { fastify, url } = await serve(t)
    const tell = await partner(fastify)
    const page = await visit(t, browser, url)
    const { keyboard } = page
    /** Presses a key until the focused element has this name. */
    async function reach(name: string | RegExp, key = 'Tab') {
      for (let i = 0; i < 40; i++) {
        const focused = await page.evaluate<string>(`(() => {
          const { activeElement } = document
          return activeElement.ariaLabel || activeElement.labels?.[0]?.textContent || activeElement.textContent || ''
        })()`)
        if (typeof name === 'string' ? focused.trim() === name : name.test(focused)) return
        await keyboard.press(key)
      }
      throw new Error(`${name} was not reached with ${key}`)
    }
    await page.locator('input:focus').waitFor()
    await keyboard.type('minji')
    await reach('Password')
    await keyboard.type(PASSWORD)
    await keyboard.press('Enter')
    await page.getByRole('textbox', { name: 'Message Lobby' }).waitFor()
    await tell('lunch at noon?')
    await row(page, 'lunch at noon?').waitFor()

    await reach(/^박준, .*lunch at noon\?$/, 'Shift+Tab')
    await reach('Reply', 'ArrowRight')
    await keyboard.press('Enter')
    await keyboard.type('with pleasure')
    await keyboard.press('Shift+Enter')
    await keyboard.type('where?')
    await keyboard.press('Enter')
    await page.locator('article[data-id]', { hasText: 'where?' }).waitFor()
    await keyboard.press('ArrowUp')
    await keyboard.press('End')
    await keyboard.type(' At the Lobby?')
    await keyboard.press('Enter')
    await page.getByText('(edited)').waitFor()
    await keyboard.type('never mind')
    await keyboard.press('Enter')
    await page.locator('article[data-id]', { hasText: 'never mind' }).waitFor()
    // The list remembers where it was left.
    await reach(/^(박준|minji), /, 'Shift+Tab')
    await reach(/^minji, .*never mind$/, 'ArrowDown')
    await reach('Delete', 'ArrowRight')
    await keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Delete message' }).waitFor()
    await keyboard.press('Enter')
    await row(page, 'This message was deleted.').waitFor()

    await keyboard.press('Control+Shift+F')
    await keyboard.type('pleasure')
    await keyboard.press('Enter')
    await page.getByText('1 found, newest first').waitFor()
    await reach(/with pleasure/)
    await keyboard.press('Enter')
    await until(page, async () => /#\d+$/.test(page.url()))
    await keyboard.press('Control+k')
    await keyboard.type('lob')
    await keyboard.press('Enter')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await keyboard.type('bye')
    await keyboard.press('Enter')
    await page.locator('article[data-id]', { hasText: 'bye' }).waitFor()
    await reach('More options', 'Shift+Tab')
    await keyboard.press('Enter')
    await keyboard.press('ArrowUp')
    await keyboard.press('Enter')
    await page.getByRole('button', { name: 'Sign up', exact: true }).first().waitFor()
    t.strictSame(await talk(fastify), [
      'jun: lunch at noon?',
      'minji: with pleasure\nwhere? At the Lobby?, to lunch at noon?, edited',
      'minji: , deleted',
      'minji: bye',
    ])
  })

  await t.test('by the accessibility tree alone', async t => {
    const { fastify, url } = await serve(t)
    const tell = await partner(fastify)
    const page = await visit(t, browser, url)
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Accessibility.enable')
    const tree = accessible(page, devtools)
    await tree.write('textbox', 'Username', 'minji')
    await tree.write('textbox', 'Password', PASSWORD)
    await tree.press('button', 'Sign up')
    await tree.find('log', 'Messages')
    await tell('lunch at noon?')
    await tree.find('article', /^박준, \d{1,2}:\d\d [AP]M, lunch at noon\?$/)
    await tree.press('button', 'Message actions')
    await tree.press('button', 'Reply')
    await tree.write('textbox', 'Message Lobby', 'with pleasure')
    await tree.press('button', 'Send')
    await tree.find('article', /^minji, .*with pleasure$/)
    await until(page, async () => (await tree.all('button', 'Message actions')).length === 2)
    await tree.press('button', 'Message actions')
    await tree.press('button', 'Edit')
    await tree.write('textbox', 'Edit message', 'with great pleasure')
    await tree.press('button', 'Save')
    await tree.find('article', /^minji, .*with great pleasure$/)

    await tree.press('button', 'Create a room')
    await tree.write('textbox', 'Room name', 'Film')
    await tree.press('button', 'Create')
    await tree.find('textbox', 'Message Film')
    await tree.press('link', /^Lobby/)
    await tree.find('textbox', 'Message Lobby')
    await tree.press('button', 'Members')
    await tree.find('button', /^박준.*/)
    await tree.press('button', 'Search')
    await tree.write('searchbox', 'Search this room', 'noon')
    await page.keyboard.press('Enter')
    await tree.press('button', /lunch at noon\?/)
    await tree.press('button', 'Close')

    await tree.write('textbox', 'Message Lobby', 'oops')
    await tree.press('button', 'Send')
    await tree.find('article', /^minji, .*oops$/)
    await until(page, async () => (await tree.all('button', 'Message actions')).length === 3)
    await tree.press('button', 'Message actions')
    await tree.press('button', 'Delete')
    await tree.find('dialog', 'Delete message')
    await tree.press('button', 'Delete message')
    await tree.find('article', /^minji, .*This message was deleted\.$/)
    t.strictSame(await talk(fastify), [
      'jun: lunch at noon?',
      'minji: with great pleasure, to lunch at noon?, edited',
      'minji: , deleted',
    ])
    t.ok((await tree.all('separator', 'Today')).length === 1)
  })

  await t.test('at 320 px in Korean, by touch', async t => {
    const { fastify, url } = await serve(t)
    const tell = await partner(fastify)
    const page = await visit(t, browser, url, {
      ...{ locale: 'ko', viewport: { width: 320, height: 568 } },
      ...{ hasTouch: true, isMobile: true },
    })
    /** Nothing is wider than the screen, and everything that can be pressed is on it and large enough. */
    async function fits(screen: string) {
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), 320, screen)
      const bad = await page.evaluate<
        string[]
      >(`[...document.querySelectorAll('button, a[href], input, select, textarea')]
        .filter(element => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
        .filter(element => !element.closest('.hidden, .text') && !element.matches('.focus-actions, .plain'))
        .flatMap(element => {
          const { left, right, width, height } = element.getBoundingClientRect()
          const small = width < 24 || height < 24
          const out = left < -1 || right > 321
          return small && !element.matches('input[type=radio]') || out ? [element.outerHTML.slice(0, 120)] : []
        })`)
      t.strictSame(bad, [], screen)
    }
    const tap = (name: string | RegExp) => page.getByRole('button', { name, exact: true }).last().tap()
    const write = (name: string) => page.getByRole('textbox', { name })
    await write('아이디').fill('minji')
    await page.getByLabel('비밀번호', { exact: true }).fill(PASSWORD)
    await fits('entrance')
    await tap('회원가입')
    await write('Lobby에 메시지 보내기').waitFor()
    await fits('welcome')
    await tell('점심은 열두 시에 먹을까요? 회사 앞 김밥집이 새로 열었대요. 자리가 네 개뿐이라 조금 일찍 나가야 해요.')
    await row(page, '점심은').waitFor()
    await row(page, '점심은').tap()
    await fits('actions of a message')
    await tap('답장')
    await fits('a reply')
    await write('Lobby에 메시지 보내기').fill('좋아요!\n저는 열한 시 오십 분에 나갈게요.')
    await tap('보내기')
    await page.locator('article[data-id]', { hasText: '좋아요!' }).waitFor()
    await fits('a reply that was sent')
    await row(page, '좋아요!').locator('.text').tap()
    await tap('수정')
    await write('메시지 수정').fill('좋아요! 저는 열한 시 사십 분에 나갈게요.')
    await fits('an edit')
    await tap('저장')
    await page.getByText('(수정됨)').waitFor()

    await tap('멤버')
    await page.getByRole('heading', { name: '온라인 1' }).waitFor()
    await fits('members')
    await page.goBack()
    await tap('채팅방 정보')
    await page.getByRole('complementary', { name: '채팅방 정보' }).waitFor()
    await fits('about the room')
    await page.goBack()
    await tap('검색')
    await page.getByRole('searchbox').fill('김밥집')
    await page.keyboard.press('Enter')
    await page.locator('.hit').waitFor()
    await fits('search')
    await page.locator('.hit').tap()
    await page.getByRole('complementary').waitFor({ state: 'detached' })
    await tap('채팅방')
    await page.getByRole('link', { name: /^Lobby/ }).waitFor()
    await fits('rooms')
    await tap('채팅방 만들기')
    await write('채팅방 이름').fill('점심')
    await fits('a new room')
    await tap('만들기')
    await write('점심에 메시지 보내기').waitFor()
    await fits('an empty room')
    await tap('채팅방')
    await page.getByRole('link', { name: '채팅방 둘러보기' }).tap()
    await page.locator('.listing').first().waitFor()
    await fits('browse')
    await tap('채팅방')
    await page.getByRole('button', { name: '채팅방이나 사람 찾기' }).tap()
    await page.getByRole('combobox').fill('ㅂㅈ')
    await page.getByRole('option', { name: /박준/ }).waitFor()
    await fits('switcher')
    t.strictSame(await talk(fastify), [
      'jun: 점심은 열두 시에 먹을까요? 회사 앞 김밥집이 새로 열었대요. 자리가 네 개뿐이라 조금 일찍 나가야 해요.',
      'minji: 좋아요! 저는 열한 시 사십 분에 나갈게요., to 점심은 열두 시에 먹을까요? 회사 앞 김밥집이 새로 열었대요. 자리가 네 개뿐이라 조금 일찍 나가야 해요., edited',
    ])
  })
})
