import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { test } from 'tap'
import { build } from '../support/application.js'

test('the page and its assets are served at / and at the URL of every room', async t => {
  const fastify = await build(t)
  for (const url of ['/', '/browse', '/administration', '/r/default', '/r/any%20thing']) {
    const page = await fastify.inject(url)
    t.equal(page.statusCode, 200, url)
    t.match(page.headers, { 'content-type': /^text\/html/, 'cache-control': 'no-cache' })
    for (const [, address = ''] of page.body.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      const part = await fastify.inject(address)
      t.equal(part.statusCode, 200, address)
      const isHashed = /\/(main|page)-\w+\./.test(address)
      t.equal(part.headers['cache-control'], isHashed ? 'public, max-age=31536000, immutable' : 'no-cache', address)
      const again = await fastify.inject({ url: address, headers: { 'if-none-match': String(part.headers.etag) } })
      t.equal(again.statusCode, 304, 'what a browser holds is not sent again')
    }
    t.match(page.body, /main-\w+\.js/)
    t.match(page.body, /page-\w+\.css/)
    t.notMatch(page.body, /<style|style=|<script(?![^>]*src=)| on[a-z]+=/, 'nothing inline')
  }
  t.match((await fastify.inject('/favicon.ico')).headers, { 'content-type': /svg/ })
  const worker = await fastify.inject('/worker.js')
  t.match(worker.headers, { 'content-type': /javascript/, 'cache-control': 'no-cache' }, 'at the top: it serves all')
  const manifest = await fastify.inject('/assets/manifest.webmanifest')
  t.match(manifest.headers['content-type'], /manifest\+json/)
  for (const { src } of manifest.json<{ icons: { src: string }[] }>().icons) {
    t.equal((await fastify.inject(src)).statusCode, 200, src)
  }
  t.match((await fastify.inject('/assets/no-such')).json(), { statusCode: 404, code: 'NOT_FOUND' })
})

test('the page and its scripts, styles and icons are sent compressed to a browser that can unpack them', async t => {
  const fastify = await build(t)
  const page = await fastify.inject('/')
  const [main = ''] = /\/assets\/main-\w+\.js/.exec(page.body) ?? []
  const [style = ''] = /\/assets\/page-\w+\.css/.exec(page.body) ?? []
  const unpack = { br: brotliDecompressSync, gzip: gunzipSync }
  for (const url of ['/', '/r/default', main, style, '/worker.js', '/assets/icon.svg']) {
    const whole = await fastify.inject(url)
    t.equal(whole.headers['content-encoding'], undefined)
    for (const encoding of ['br', 'gzip'] as const) {
      const packed = await fastify.inject({ url, headers: { 'accept-encoding': encoding } })
      t.match(packed.headers, {
        'content-encoding': encoding,
        'content-type': whole.headers['content-type'],
        'cache-control': whole.headers['cache-control'],
        vary: /accept-encoding/i,
      })
      t.equal(unpack[encoding](packed.rawPayload).toString(), whole.body, `${url} as ${encoding}`)
      if (url === main) t.ok(packed.rawPayload.length < whole.rawPayload.length / 2)
    }
  }
})

test('a lazy script is kept for ever under its name, and one of another version is not found', async t => {
  const fastify = await build(t)
  const { body } = await fastify.inject('/worker.js')
  const lazy = [...body.matchAll(/\/assets\/[a-z-]+-\w{8}\.js/g)]
    .map(([url]) => url)
    .filter(url => !url.includes('/main-'))
  t.ok(lazy.length > 0, 'the service worker keeps them')
  for (const url of lazy) {
    const script = await fastify.inject({ url, headers: { 'accept-encoding': 'br' } })
    t.match(script.headers, { 'content-type': /javascript/, 'content-encoding': 'br' }, url)
    t.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable', url)
    const other = await fastify.inject(url.replace(/\w{8}\.js$/, 'OTHER123.js'))
    t.equal(other.statusCode, 404, 'it would not fit the page')
    t.equal(other.headers['cache-control'], 'no-store')
  }
})

test('a page of another version gets the scripts of this one, and no browser keeps them under that name', async t => {
  const fastify = await build(t)
  for (const [name, type] of [
    ['main-OTHER123.js', /javascript/],
    ['page-OTHER123.css', /css/],
  ] as const) {
    const other = await fastify.inject({ url: `/assets/${name}`, headers: { 'accept-encoding': 'br' } })
    t.equal(other.statusCode, 200)
    t.match(other.headers, { 'cache-control': 'no-cache', 'content-type': type })
  }
})
