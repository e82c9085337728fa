import { register } from '../support/application.js'
import { field, fill, inBrowser, openAbout, row, send, serve, signUp, until, visit } from '../support/browser.js'

inBrowser('for screen reader users', async (t, browser) => {
  await t.test('every message has a button that moves the focus to its actions', async t => {
    const { fastify, url } = await serve(t)
    await fill(fastify, 25)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await row(page, 'line 025').waitFor()
    const reach = (text: string) => row(page, text).getByRole('button', { name: 'Message actions' })
    const all = page.getByRole('log').getByRole('button', { name: 'Message actions' })
    // The first ones are loaded after the newest.
    await until(page, async () => (await all.count()) === 25)
    t.ok(
      await page.evaluate(`[...document.querySelectorAll('article')].slice(0, -1)
        .every(row => row.querySelectorAll('button:not(.plain, .actions button)').length === 1)`),
      'one more element for a row, not all of its buttons',
    )
    t.equal(await row(page, 'line 010').getByRole('button', { name: 'Reply' }).count(), 0)

    // Like a screen reader: no pointer and no key. The next key comes before anything else is drawn.
    const label = await reach('line 010').evaluate(async button => {
      button.click()
      for (let i = 0; i < 5; i++) await null
      return button.ownerDocument.activeElement?.ariaLabel
    })
    t.equal(label, 'React')
    const focused = (text: string, name: string) => () =>
      row(page, text)
        .getByRole('button', { name, exact: true })
        .evaluateAll(found => found.some(button => button.matches(':focus')))
    await until(page, focused('line 010', 'React'))
    const bar = row(page, 'line 010').locator('.actions')
    t.ok(await bar.evaluate(bar => bar.checkVisibility({ opacityProperty: true })), 'the actions are visible')
    await row(page, 'line 010').getByRole('button', { name: 'Reply', exact: true }).press('Enter')
    await page.getByText('Replying to scribe').waitFor()
    await field(page).press('Escape')

    // Again, in a row that is active now, and in another one.
    for (const text of ['line 010', 'line 011']) {
      await reach(text).evaluate(button => button.click())
      await until(page, focused(text, 'React'))
    }
    t.equal(
      await row(page, 'line 010').getByRole('button', { name: 'Reply' }).count(),
      0,
      'the actions of one row at a time',
    )

    const seen = () =>
      reach('line 011').evaluate(button => {
        const { x, y, width, height } = button.getBoundingClientRect()
        return button.ownerDocument.elementFromPoint(x + width / 2, y + height / 2) === button
      })
    t.notOk(await seen(), 'invisible')
    await reach('line 011').focus()
    t.ok(await seen(), 'visible with the focus')
    t.ok(await reach('line 010').evaluate(button => button.tabIndex === -1), 'not a Tab stop')
  })

  await t.test('a deleted message has no actions', async t => {
    const { fastify, url } = await serve(t)
    await fill(fastify, 2)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const id = Number(await row(page, 'line 002').getAttribute('data-id'))
    await fastify.messages.remove('default', 'scribe', id, 'gone')
    await row(page, 'This message was deleted.').waitFor()
    t.equal(await page.getByRole('button', { name: 'Message actions' }).count(), 1)
  })

  await t.test(
    'a message is named by display name, time and text, once; lines between messages are separators',
    async t => {
      const { fastify, url } = await serve(t)
      const { headers } = await register(fastify, 'jun')
      const rename = { method: 'PUT', url: '/users/me/profile', headers } as const
      await fastify.inject({ ...rename, payload: { display_name: '박준' } })
      const page = await visit(t, browser, url)
      await signUp(page, 'minji')
      await send(page, 'good night')
      await page.goto('about:blank')
      for (const text of ['hello', 'see `it`'])
        await fastify.inject({ method: 'POST', url: '/rooms/default/messages', headers, payload: { text } })
      await page.goto(`${url}/r/default`)
      for (const text of ['hello', 'see `it`']) {
        const article = page.getByRole('article', { name: new RegExp(`^박준, \\d{1,2}:\\d\\d [AP]M, ${text}$`) })
        await article.waitFor()
      }
      await page.getByRole('button', { name: '박준', exact: true }).waitFor()
      await page.getByRole('separator', { name: 'Today' }).waitFor()
      await page.getByRole('separator', { name: 'New' }).waitFor()
      await fastify.messages.remove('default', 'jun', Number(await row(page, 'hello').getAttribute('data-id')), 'gone')
      await page.getByRole('article', { name: /^박준, .*, This message was deleted\.$/ }).waitFor()
    },
  )

  await t.test('a message is one Tab stop, and the arrow keys lead to its links and buttons', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await send(page, 'one')
    await send(page, 'see https://a.example and https://b.example')
    const focused = () =>
      page.evaluate<string>(
        'document.activeElement.matches("article") ? "article" : document.activeElement.ariaLabel || document.activeElement.textContent',
      )
    await row(page, 'see').focus()
    await page.keyboard.press('Tab')
    t.equal(await focused(), 'Message Lobby')
    await page.keyboard.press('Shift+Tab')
    t.equal(await focused(), 'article')
    const path: string[] = []
    for (let i = 0; i < 4; i++) {
      await page.keyboard.press('ArrowRight')
      path.push(await focused())
    }
    t.strictSame(path, ['https://a.example', 'https://b.example', 'React', 'Reply'])
    await page.keyboard.press('ArrowLeft')
    t.equal(await focused(), 'React')
    await page.keyboard.press('Escape')
    t.equal(await focused(), 'article')
    await page.keyboard.press('Shift+Tab')
    t.not(await focused(), 'article', 'the list is one stop')
  })

  await t.test('leaving a private room, and deleting one, asks for nothing that is gone', async t => {
    const { fastify, url } = await serve(t)
    const { headers } = await register(fastify, 'jun')
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const failed: string[] = []
    page.on('response', response => response.status() >= 400 && failed.push(`${response.status()} ${response.url()}`))
    const made = await fastify.inject({
      ...{ method: 'POST', url: '/rooms', headers },
      payload: { name: 'Plans', is_public: false },
    })
    await fastify.inject({ method: 'PUT', url: `/rooms/${made.json<{ id: string }>().id}/members/minji`, headers })
    await page.getByRole('link', { name: 'Plans' }).click()
    await openAbout(page)
    await page.getByRole('button', { name: 'Leave room' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Leave room' }).click()
    await page.getByRole('link', { name: 'Plans' }).waitFor({ state: 'detached' })
    await page.getByRole('textbox', { name: 'Message Lobby' }).waitFor()

    await page.getByRole('button', { name: 'Create a room' }).click()
    await page.getByLabel('Room name').fill('Film')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('textbox', { name: 'Message Film' }).waitFor()
    await openAbout(page)
    await page.getByRole('button', { name: 'Delete room' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete room' }).click()
    await page.getByRole('link', { name: 'Film' }).waitFor({ state: 'detached' })
    await page.getByRole('textbox', { name: 'Message Lobby' }).waitFor()
    t.strictSame(failed, [])
  })
})
