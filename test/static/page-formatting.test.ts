import type { FastifyInstance } from 'fastify'
import { register } from '../support/application.js'
import { fill, inBrowser, row, say, serve, signUp, visit } from '../support/browser.js'

const SCRIPT = /formatted-text-/

async function tell(fastify: FastifyInstance, headers: Record<string, string>, text: string) {
  await fastify.inject({ method: 'POST', url: '/rooms/default/messages', headers, payload: { text } })
}

inBrowser('formatted messages', async (t, browser) => {
  await t.test('marks become elements, and nothing else does, whatever was typed', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const html = (text: string) => row(page, text).locator('.text').innerHTML()
    await say(page, '**마크다운(Markdown)**을 ~~지움~~ 3~5시, 7~9시')
    t.equal(await html('마크다운'), '<strong>마크다운(Markdown)</strong>을 <s>지움</s> 3~5시, 7~9시')
    await say(page, '<img src=x onerror=alert(1)> **<b>x</b>** [y](javascript:alert(1))')
    t.match(await html('onerror'), /^&lt;img .*<strong>&lt;b&gt;x&lt;\/b&gt;<\/strong> \[y\]\(javascript/)
    await say(page, '[bank.kr](https://evil.kr)')
    t.equal(await row(page, 'bank.kr').locator('a').textContent(), 'bank.kr(evil.kr)')
    await say(page, '- 하나\n  - 둘\n> 인용\n```ts\nlet a\n```')
    await row(page, '하나').locator('li').nth(1).waitFor()
    t.equal(await row(page, '하나').locator('blockquote').textContent(), '인용')
    t.equal(await row(page, '하나').locator('pre').getAttribute('data-language'), 'ts')
  })

  await t.test(
    'messages without markup never wait for the script, and its arrival moves nothing that is read',
    async t => {
      const { fastify, url } = await serve(t)
      const { headers } = await register(fastify, 'jun')
      await fill(fastify, 6)
      await tell(fastify, headers, `\`\`\`\n${'code\n'.repeat(12)}\`\`\``)
      for (let i = 0; i < 12; i++) await tell(fastify, headers, `- item ${i}\n- **more**`)
      await tell(fastify, headers, 'plain')
      const page = await visit(t, browser, 'about:blank', { serviceWorkers: 'block' })
      let release = () => {}
      const released = new Promise<void>(resolve => {
        release = resolve
      })
      await page.route(SCRIPT, async route => {
        await released
        await route.continue()
      })
      await page.goto(url)
      await signUp(page, 'minji')
      await row(page, 'plain').waitFor()
      t.match(
        await row(page, 'item 11').locator('.text').textContent(),
        /^- item 11\n- \*\*more\*\*$/,
        'what was typed',
      )
      const below = () =>
        page.evaluate<number>(`(() => {
      const list = document.querySelector('.messages')
      return list.scrollHeight - list.scrollTop - list.clientHeight
    })()`)
      t.ok((await below()) <= 1, 'the list is at its end')
      release()
      await row(page, 'item 11').locator('strong').waitFor()
      await page.evaluate('new Promise(requestAnimationFrame)')
      t.ok((await below()) <= 1, 'and stays there, although the messages above have other heights')
    },
  )

  await t.test('a message on which the parser fails is shown as plain text, and the room opens', async t => {
    const { fastify, url } = await serve(t)
    const { headers } = await register(fastify, 'jun')
    await tell(fastify, headers, '**odd** [a.kr](https://b.kr)')
    await tell(fastify, headers, '**even**')
    const page = await visit(t, browser, 'about:blank')
    await page.addInitScript(`{
      const { normalize } = String.prototype
      String.prototype.normalize = function (form) {
        if (form === 'NFKC') throw new Error('broken on purpose')
        return normalize.call(this, form)
      }
    }`)
    await page.goto(url)
    await signUp(page, 'minji')
    await row(page, 'even').locator('strong').waitFor()
    t.equal(await row(page, 'odd').locator('.text').textContent(), '**odd** [a.kr](https://b.kr)')
  })

  await t.test(
    'the edit history shows every text, follows a new edit, and nothing once the message is deleted',
    async t => {
      const { fastify, url } = await serve(t)
      const { headers } = await register(fastify, 'jun')
      await tell(fastify, headers, 'soup')
      const page = await visit(t, browser, url)
      await signUp(page, 'minji')
      await row(page, 'soup').waitFor()
      const { messages } = await fastify.messages.page('default', 'minji', {})
      const { id } = messages.find(({ text }) => text === 'soup') as { id: number }
      const change = (text: string) => fastify.messages.edit('default', 'jun', id, { client_id: text, text })
      await change('**stew**')
      await page.getByRole('button', { name: '(edited)' }).click()
      const dialog = page.getByRole('dialog', { name: 'Edit history' })
      const shown = () => dialog.locator('.text').allTextContents()
      await dialog.locator('li').nth(1).waitFor()
      t.strictSame(await shown(), ['stew', 'soup'])
      await change('noodles')
      await dialog.locator('li').nth(2).waitFor()
      t.strictSame(await shown(), ['noodles', 'stew', 'soup'])
      await fastify.messages.remove('default', 'jun', id, 'remove')
      await dialog.getByText('This message was deleted.').waitFor()
      t.strictSame(await shown(), [])
    },
  )
})
