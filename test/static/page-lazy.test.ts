import type { Page } from 'playwright-core'
import { field, inBrowser, serve, signUp, until, visit } from '../support/browser.js'

const LAZY = /\/assets\/(?!main-)[a-z-]+-\w{8}\.js$/

/** The server has a new version: the scripts of the open page's version are gone. */
const upgrade = (page: Page) => page.route(LAZY, route => route.fulfill({ status: 404, body: '{}' }))

inBrowser('screens with scripts of their own', async (t, browser) => {
  await t.test('an open page keeps all its screens when a new version replaces their scripts', async t => {
    const { url } = await serve(t)
    const loaded = new Set<string>()
    const page = await visit(t, browser, 'about:blank', { serviceWorkers: 'block' })
    page.on('requestfinished', request => LAZY.test(request.url()) && loaded.add(request.url()))
    await page.goto(url)
    await page.getByLabel('Username').waitFor()
    t.equal(loaded.size, 0, 'nothing is loaded before it may be needed')
    await signUp(page, 'minji')
    const all = await page.evaluate<string>('fetch("/worker.js").then(answer => answer.text())')
    const count = new Set([...all.matchAll(/\/assets\/(?!main-)[a-z-]+-\w{8}\.js/g)].map(([url]) => url)).size
    await until(page, async () => loaded.size === count)
    await upgrade(page)
    await page.getByRole('button', { name: 'Create a room' }).click()
    await page.getByRole('dialog', { name: 'Create a room' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Members' }).click()
    await page.getByRole('heading', { name: 'Online 1' }).waitFor()
  })

  await t.test('a page whose scripts were replaced before they were loaded says so and reloads', async t => {
    const { url } = await serve(t)
    const page = await visit(t, browser, 'about:blank', { serviceWorkers: 'block' })
    await upgrade(page)
    await page.goto(url)
    await signUp(page, 'minji')
    await field(page).fill('half a sentence')
    await page.getByRole('button', { name: 'Create a room' }).click()
    const notice = page.getByRole('alert').filter({ hasText: 'There may be a new version of the page.' })
    await notice.waitFor()
    await page.keyboard.press('Control+k')
    await notice.waitFor()
    await page.getByRole('button', { name: 'Members' }).click()
    t.equal(await field(page).inputValue(), 'half a sentence', 'the page goes on working')
    await page.unroute(LAZY)
    await notice.getByRole('button', { name: 'Reload' }).click()
    await notice.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Create a room' }).click()
    await page.getByRole('dialog', { name: 'Create a room' }).waitFor()
    await page.keyboard.press('Escape')
    t.equal(await field(page).inputValue(), 'half a sentence', 'and what was being written is kept')
  })
})
