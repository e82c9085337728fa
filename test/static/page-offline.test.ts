import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { environment } from '../support/application.js'
import { field, inBrowser, row, say, send, serve, signUp, texts, until, visit } from '../support/browser.js'
import { freePort } from '../support/port.js'

const SERVER = fileURLToPath(new URL('../../server.js', import.meta.url))

/** The server in a process of its own, so that it can be frozen. */
async function serveApart(t: Test) {
  const port = await freePort()
  const env = { ...environment(t), PORT: String(port), HOST: '127.0.0.1' }
  const child = spawn(process.execPath, [SERVER], { env: { PATH: process.env.PATH, ...env }, stdio: 'ignore' })
  t.after(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  const url = `http://127.0.0.1:${port}`
  while (child.exitCode === null) {
    if (await fetch(`${url}/health`).catch(() => null)) return { url, child }
    await new Promise(resolve => setImmediate(resolve))
  }
  throw new Error(`the server ended with ${child.exitCode}`)
}

inBrowser('offline', async (t, browser) => {
  await t.test('a silent server is detected, and no message is lost or duplicated', async t => {
    const { url, child } = await serveApart(t)
    const page = await visit(t, browser, url)
    await signUp(page, 'minji')
    await send(page, 'before')
    child.kill('SIGSTOP')
    await say(page, 'meanwhile')
    await page.evaluate('dispatchEvent(new Event("online"))')
    await page.getByText('Connection lost.', { exact: false }).waitFor()
    await row(page, 'meanwhile').getByText('Sending…').waitFor()
    child.kill('SIGCONT')
    await page.evaluate('dispatchEvent(new Event("online"))')
    await page.getByText('Connection lost.', { exact: false }).waitFor({ state: 'detached' })
    await page.getByText('Sending…').waitFor({ state: 'detached' })
    t.strictSame(await texts(page, 'meanwhile'), ['before', 'meanwhile'])
  })

  await t.test(
    'the app shell opens without the server, says so, and recovers automatically; no response is cached',
    async t => {
      const { fastify, url, port } = await serve(t)
      const page = await visit(t, browser, url)
      await signUp(page, 'minji')
      await field(page).waitFor()
      await page.evaluate('navigator.serviceWorker.ready')
      await until(page, () => page.evaluate<boolean>('navigator.serviceWorker.controller !== null'))
      let asked = 0
      fastify.server.on('request', ({ url }) => {
        if (url === '/' || url === '/r/default') asked++
      })
      await page.reload()
      await field(page).waitFor()
      t.equal(asked, 1, 'online, the page comes from the server')
      const kept = await page.evaluate<string[]>(`(async () => {
      const urls = []
      for (const name of await caches.keys())
        for (const { url } of await (await caches.open(name)).keys()) urls.push(new URL(url).pathname)
      return urls.sort()
    })()`)
      t.ok(kept.includes('/'))
      t.strictSame(
        kept.filter(path => path !== '/' && !path.startsWith('/assets/')),
        [],
        'the shell only',
      )
      await fastify.close()
      await page.reload()
      await page.getByText('Can’t connect to the server. Check your connection and try again.').waitFor()
      await serve(t, { PORT: String(port) })
      await page.evaluate('dispatchEvent(new Event("online"))')
      await page.getByRole('button', { name: 'Log in' }).waitFor()
    },
  )
})
