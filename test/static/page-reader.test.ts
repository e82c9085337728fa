import { field, fill, inBrowser, row, serve, signUp, until, visit } from '../support/browser.js'

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
    t.equal(label, 'Reply')
    const focused = (text: string, name: string) => () =>
      row(page, text)
        .getByRole('button', { name, exact: true })
        .evaluateAll(found => found.some(button => button.matches(':focus')))
    await until(page, focused('line 010', 'Reply'))
    const bar = row(page, 'line 010').locator('.actions')
    t.ok(await bar.evaluate(bar => bar.checkVisibility({ opacityProperty: true })), 'the actions are visible')
    await page.keyboard.press('Enter')
    await page.getByText('Replying to scribe').waitFor()
    await field(page).press('Escape')

    // Again, in a row that is active now, and in another one.
    for (const text of ['line 010', 'line 011']) {
      await reach(text).evaluate(button => button.click())
      await until(page, focused(text, 'Reply'))
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
})
