import type { BrowserContext } from 'playwright-core'
import { register } from '../support/application.js'
import {
  browse,
  field,
  inBrowser,
  log,
  openAbout,
  row,
  say,
  send,
  serve,
  signUp,
  until,
  visit,
} from '../support/browser.js'

/** Notifications go to a list, because a test has no desktop; which tab may show them is decided for real. */
const RECORD_NOTES = `
  window.notes = []
  window.Notification = class {
    static permission = 'granted'
    static requestPermission = async () => 'granted'
    constructor(title, options) { window.notes.push(title + ' | ' + options.body + ' | ' + options.tag) }
    close() {}
  }
`

/** Without a window manager the browser reports every tab as focused. */
const AWAY = `
  Object.defineProperty(document, 'hidden', { get: () => window.away === true, configurable: true })
  document.hasFocus = () => window.away !== true
`
const leave = 'window.away = true; document.dispatchEvent(new Event("visibilitychange"))'
const comeBack = 'window.away = false; document.dispatchEvent(new Event("visibilitychange"))'

const icon = 'document.querySelector("link[rel=icon]").getAttribute("href")'

inBrowser('unread signs and notifications', async (t, browser) => {
  async function twoTabs(context: BrowserContext, url: string) {
    await context.addInitScript(RECORD_NOTES + AWAY)
    const tabs = [await context.newPage(), await context.newPage()] as const
    for (const tab of tabs) {
      await tab.goto(url)
      await field(tab).waitFor()
    }
    return tabs
  }

  await t.test('unread messages show in the title and icon of every tab until one of them shows the room', async t => {
    const { fastify, url } = await serve(t)
    const first = await visit(t, browser, url)
    await signUp(first, 'minji')
    const [one, two] = await twoTabs(first.context(), url)
    await first.close()
    const { headers } = await register(fastify, 'jun')
    for (const tab of [one, two]) await tab.evaluate(leave)
    const payload = { text: 'lunch?' }
    await fastify.inject({ method: 'POST', url: '/rooms/default/messages', headers, payload })
    for (const tab of [one, two]) await until(tab, async () => /^\(1\) Lobby/.test(await tab.title()))
    await until(two, async () => (await two.evaluate(icon)) === '/assets/icon-unread.svg')
    await one.evaluate(comeBack)
    for (const tab of [one, two]) await until(tab, async () => /^Lobby/.test(await tab.title()))
    await until(two, async () => (await two.evaluate(icon)) === '/assets/icon.svg')
  })

  await t.test(
    'one of many tabs shows one notification; none while a tab has the focus, none for a muted room',
    async t => {
      const { fastify, url } = await serve(t)
      const first = await visit(t, browser, url)
      await signUp(first, 'minji')
      const [one, two] = await twoTabs(first.context(), url)
      await first.close()
      const { headers } = await register(fastify, 'jun')
      const tell = async (text: string) => {
        await fastify.inject({ method: 'POST', url: '/rooms/default/messages', headers, payload: { text } })
        for (const tab of [one, two]) await row(tab, text).waitFor()
      }
      const notes = async () => [
        ...(await one.evaluate<string[]>('window.notes')),
        ...(await two.evaluate<string[]>('window.notes')),
      ]
      await tell('you are here')
      const holds = (name: string) =>
        one.evaluate<boolean>(`navigator.locks.query().then(({ held }) => held.some(lock => lock.name === '${name}'))`)
      await until(one, () => holds('talkie.teller'))
      // Returning to a tab fires two events: visibilitychange and focus.
      await one.evaluate(`${leave}; ${comeBack}; ${comeBack}`)
      for (const tab of [one, two]) await tab.evaluate(leave)
      await until(one, async () => !(await holds('talkie.looked-at')))
      await tell('you are away')
      await until(one, async () => (await notes()).length > 0)
      t.strictSame(await notes(), ['jun · Lobby | you are away | default'])

      await openAbout(one)
      await one.getByRole('button', { name: 'Mute room' }).click()
      await until(two, async () => (await two.locator('.room-link.muted').count()) === 1)
      await tell('not a word')
      await one.getByRole('button', { name: 'Unmute room' }).click()
      await until(two, async () => (await two.locator('.room-link.muted').count()) === 0)
      await tell('again')
      await until(one, async () => (await notes()).length > 1)
      t.strictSame((await notes()).slice(1), ['jun · Lobby | again | default'])
    },
  )

  await t.test('a user added to a private room sees it at once, also on its “not found” page', async t => {
    const { fastify, url } = await serve(t)
    const first = await visit(t, browser, url)
    await signUp(first, 'minji')
    const [page] = await twoTabs(first.context(), url)
    const sockets = () => [...fastify.ws.hub.clientsOf('minji')]
    await until(page, async () => sockets().length === 3)
    // A hidden tab does not load the list again.
    await page.evaluate(leave)
    const { headers } = await register(fastify, 'jun')
    const make = async (name: string) => {
      const payload = { name, is_public: false }
      const made = await fastify.inject({ method: 'POST', url: '/rooms', headers, payload })
      return made.json<{ id: string }>().id
    }
    const add = (id: string) => fastify.inject({ method: 'PUT', url: `/rooms/${id}/members/minji`, headers })
    await add(await make('Plans'))
    await page.getByRole('link', { name: 'Plans' }).click()
    await say(page, 'hello')
    await log(page).getByText('hello').waitFor()

    const secret = await make('Secret')
    const before = sockets()
    await page.goto(`${url}/r/${secret}`)
    await until(page, async () => sockets().some(socket => !before.includes(socket)))
    await page.evaluate(leave)
    await page.locator('.join-room').waitFor()
    await page.getByRole('link', { name: 'Plans' }).waitFor()
    await add(secret)
    await page.getByRole('textbox', { name: 'Message Secret' }).waitFor()
    await say(page, 'at last')
    await log(page).getByText('at last').waitFor()
  })

  await t.test('a room created or joined in one tab appears in the other tabs at once', async t => {
    const { fastify, url } = await serve(t)
    const first = await visit(t, browser, url)
    await signUp(first, 'minji')
    const [one, two] = await twoTabs(first.context(), url)
    await until(two, async () => [...fastify.ws.hub.clientsOf('minji')].length === 3)
    await two.evaluate(leave)
    const { headers } = await register(fastify, 'jun')
    await fastify.inject({ method: 'POST', url: '/rooms', headers, payload: { name: 'Film' } })
    await one.getByRole('button', { name: 'Create a room' }).click()
    await one.getByLabel('Room name').fill('Books')
    await one.getByRole('button', { name: 'Create', exact: true }).click()
    await two.getByRole('link', { name: 'Books' }).waitFor()
    await one.evaluate('document.dispatchEvent(new Event("visibilitychange"))')
    await browse(one)
    await one.getByRole('link', { name: 'Film' }).click()
    await one.getByRole('button', { name: 'Join' }).click()
    await two.getByRole('link', { name: 'Film' }).waitFor()
  })

  await t.test('everything can be reached with the keyboard, and a dialog lists the shortcuts', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    const at = (selector: string) => () => page.evaluate<boolean>(`document.activeElement.matches('${selector}')`)
    await send(page, 'one')
    await send(page, 'two')
    await row(page, 'two').focus()
    await page.keyboard.press('ArrowUp')
    t.ok(await row(page, 'one').evaluate(element => element.matches(':focus')))
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Your profile' }).focus()
    await page.keyboard.press('Control+k')
    await until(page, at('.switcher input'))
    await page.keyboard.type('?')
    t.equal(await page.getByRole('dialog').count(), 1, 'in a field it is just a character')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('Control+Shift+f')
    await until(page, at('.panel input'))
    await page.keyboard.press('Escape')
    await until(page, at('.composer textarea'))
  })
})
