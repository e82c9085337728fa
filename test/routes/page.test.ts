import { test } from 'tap'
import { build } from '../helper.js'

test('the page is served at the top and under every room’s address, its parts beside it', async t => {
  const fastify = await build(t)
  for (const url of ['/', '/r/default', '/r/any%20thing']) {
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
  t.match((await fastify.inject('/assets/no-such')).json(), { statusCode: 404, code: 'NOT_FOUND' })
})
