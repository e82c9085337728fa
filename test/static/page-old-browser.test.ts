import { PASSWORD } from '../support/application.js'
import { inBrowser, row, send, serve, signUp, until, visit } from '../support/browser.js'

/** Takes from a new browser what Safari 15.4 lacks, and blocks its storage. */
const AGE = `
  delete URL.canParse
  delete AbortSignal.timeout
  delete URLSearchParams.prototype.size
  for (const name of ['toSorted', 'toReversed', 'toSpliced', 'with']) delete Array.prototype[name]
  delete Object.groupBy
  delete Promise.withResolvers
  delete crypto.randomUUID
  window.RegExp = new Proxy(RegExp, {
    construct(target, [pattern, flags]) {
      if (/[(][?]<[=!]/.test(String(pattern))) throw new SyntaxError('Invalid regular expression: invalid group')
      return new target(pattern, flags)
    },
  })
  for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])
    Object.defineProperty(window, name, { get() { throw new DOMException('', 'SecurityError') } })
`

inBrowser('old browsers', async (t, browser) => {
  await t.test(
    'without newer functions and without storage, users can log in and chat, and links are shown',
    async t => {
      const { url } = await serve(t)
      const blank = await visit(t, browser, 'about:blank')
      const context = blank.context()
      await context.addInitScript(AGE)
      await blank.goto(url)
      await signUp(blank, 'minji')
      for (const text of ['plain first', 'see https://ex.example/x', 'plain last']) await send(blank, text)
      await row(blank, 'plain last').waitFor()
      t.equal(await row(blank, 'see').getByRole('link').getAttribute('href'), 'https://ex.example/x')
      await blank.reload()
      await blank.getByLabel('Username').waitFor()
      await blank.getByRole('button', { name: 'Log in', exact: true }).last().click()
      await blank.getByLabel('Username').fill('minji')
      await blank.getByLabel('Password', { exact: true }).fill(PASSWORD)
      await blank.locator('button[type=submit]').click()
      await until(blank, async () => (await row(blank, 'plain').count()) === 2)
    },
  )
})
