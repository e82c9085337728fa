import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { environment, temporaryFolder } from '../support/application.js'
import { inBrowser, until, visit } from '../support/browser.js'
import { freePort } from '../support/port.js'
import { top } from '../support/process.js'

/** How much longer a visit may take with the worker than without it, for what a busy machine adds, ms. */
const TOLERANCE_MS = 3000

/** A copy of the server, whose page can be upgraded. */
async function serveCopy(t: Test) {
  const folder = temporaryFolder(t)
  for (const name of ['package.json', 'openapi']) cpSync(join(top, name), join(folder, name), { recursive: true })
  for (const name of ['app.js', 'server.js', 'plugins', 'routes', 'schemas', 'static']) {
    cpSync(join(top, 'build', name), join(folder, 'build', name), { recursive: true })
  }
  symlinkSync(join(top, 'node_modules'), join(folder, 'node_modules'))
  const files = join(folder, 'build/static/public')
  const port = await freePort()
  const env = { PATH: process.env.PATH, ...environment(t), PORT: String(port), HOST: '127.0.0.1' }
  async function start() {
    const child = spawn(process.execPath, [join(folder, 'build/server.js')], { env, stdio: 'ignore' })
    while (!(await fetch(`http://127.0.0.1:${port}/health`).catch(() => null))) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    return child
  }
  let child = await start()
  async function stop() {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  t.after(stop)
  return {
    port,
    /** One byte of the script changes, and with it its name. */
    async upgrade() {
      await stop()
      const old = readdirSync(files).find(name => /^main-[^.]+\.js$/.test(name)) as string
      const next = old.replace(/^main-../, 'main-zz')
      renameSync(join(files, old), join(files, next))
      appendFileSync(join(files, next), '\n')
      for (const name of ['index.html', 'worker.js']) {
        writeFileSync(join(files, name), readFileSync(join(files, name), 'utf8').replaceAll(old, next))
      }
      for (const ending of ['br', 'gz']) rmSync(join(files, `${old}.${ending}`))
      for (const name of [next, 'index.html', 'worker.js']) {
        const content = readFileSync(join(files, name))
        writeFileSync(join(files, `${name}.br`), brotliCompressSync(content))
        writeFileSync(join(files, `${name}.gz`), gzipSync(content))
      }
      child = await start()
    },
  }
}

interface Link {
  bytes_per_s: number
  /** Of what comes from the server, ms. */
  latency_ms: number
}

/** A slow network before a port of this machine, shared by all connections. */
async function startLink(t: Test, port: number, link: Link) {
  let free_at = 0
  const server = createServer(client => {
    const upstream = connect(port, '127.0.0.1')
    client.pipe(upstream)
    for (const socket of [client, upstream]) {
      socket.on('error', () => {})
      socket.on('close', () => {
        client.destroy()
        upstream.destroy()
      })
    }
    upstream.on('data', data => {
      for (let at = 0; at < data.length; at += 1400) {
        const part = data.subarray(at, at + 1400)
        free_at = Math.max(free_at, performance.now()) + (part.length / link.bytes_per_s) * 1000
        setTimeout(() => client.writable && client.write(part), free_at + link.latency_ms - performance.now())
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** @returns how long it took until the page could be used, ms */
async function reload(page: Page): Promise<number> {
  const began = performance.now()
  await page.reload({ waitUntil: 'commit' })
  await page.getByLabel('Username').waitFor()
  return performance.now() - began
}

inBrowser('slow networks', async (t, browser) => {
  for (const link of [
    { bytes_per_s: 12_000, latency_ms: 0 },
    { bytes_per_s: 50_000, latency_ms: 2000 },
  ]) {
    const name = `${link.bytes_per_s} B/s with ${link.latency_ms} ms of latency`
    await t.test(`after an upgrade the worker makes no visit worse: ${name}`, async t => {
      const { port, upgrade } = await serveCopy(t)
      const url = await startLink(t, port, link)
      const without = await visit(t, browser, url, { serviceWorkers: 'block' })
      await without.getByLabel('Username').waitFor()
      const page = await visit(t, browser, url)
      await page.evaluate('navigator.serviceWorker.ready')
      await until(page, () => page.evaluate<boolean>('navigator.serviceWorker.controller !== null'))
      const failed: string[] = []
      // A reload aborts what the visit before it was still loading in the background, such as icons.
      page.on(
        'requestfailed',
        request =>
          /\/(main|page)-/.test(request.url()) && failed.push(`${request.url()} ${request.failure()?.errorText}`),
      )
      await upgrade()
      const expected = [await reload(without), await reload(without)] as const
      const taken = [await reload(page), await reload(page)] as const
      t.comment(JSON.stringify({ expected, taken }))
      for (const i of [0, 1] as const) {
        const [most, ms] = [Math.round(expected[i]), Math.round(taken[i])]
        t.ok(ms <= most + TOLERANCE_MS, `visit ${i + 1}: ${ms} ms, without the worker ${most} ms`)
      }
      t.strictSame(failed, [])
      const script = () => page.evaluate<string>('document.querySelector("script[src]").src')
      if (!(await script()).includes('main-zz')) {
        await until(page, async () => {
          await reload(page)
          return (await script()).includes('main-zz')
        })
      }
    })
  }
})
