import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { build } from '../support/application.js'

test('/docs shows the routes without anything from elsewhere or inline', async t => {
  const fastify = await build(t)
  const page = await fastify.inject('/docs')
  t.equal(page.statusCode, 200)
  t.match(page.headers['content-security-policy'], /script-src 'self'(;|$)/)
  t.notMatch(page.headers['content-security-policy'], /https:|script-src[^;]*unsafe/)
  const sources = [...page.body.matchAll(/(?:src|href)="([^"]*)"/g)].map(match => match[1] as string)
  t.ok(sources.length > 3)
  for (const source of sources) t.equal((await fastify.inject(source)).statusCode, 200, source)
  t.notMatch(page.body, /<script[^>]*>[^<\s]/, 'no inline script')
  t.equal((await fastify.inject('/docs/json')).json().openapi, '3.1.0')
})

for (const name of ['openapi.yaml', 'asyncapi.yaml']) {
  test(`/docs/${name} is the committed file`, async t => {
    const fastify = await build(t)
    const answer = await fastify.inject(`/docs/${name}`)
    t.equal(answer.statusCode, 200)
    t.match(answer.headers['content-type'], /^application\/yaml/)
    t.equal(answer.body, readFileSync(new URL(`../../../openapi/${name}`, import.meta.url), 'utf8'))
  })
}
