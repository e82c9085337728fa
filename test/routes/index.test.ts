import { test } from 'tap'
import { build } from '../support/application.js'

test('the page and its assets are served at / and at the URL of every room', async t => {
  const fastify = await build(t)
  for (const url of ['/', '/browse', '/r/default', '/r/any%20thing']) {
    const page = await fastify.inject(url)
    t.equal(page.statusCode, 200, url)
    t.match(page.headers, { 'content-type': /^text\/html/, 'cache-control': 'no-cache' })
    for (const [, address = ''] of page.body.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      const part = await fastify.inject(address)
      t.equal(part.statusCode, 200, address)
      t.equal(part.headers['cache-control'], 'no-cache')
      const again = await fastify.inject({ url: address, headers: { 'if-none-match': String(part.headers.etag) } })
      t.equal(again.statusCode, 304, 'what a browser holds is not sent again')
    }
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
