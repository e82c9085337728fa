import { existsSync } from 'node:fs'
import { test } from 'tap'
import { build } from '../support/application.js'

/** Routes that answer without a token; both socket routes authenticate on their own and have their own tests. */
const open = [
  /^POST \/(auth\/(register|login|reset)|invites\/look)$/,
  /^(GET|HEAD) \/auth\/registration$/,
  /^(GET|HEAD) \/(health|ready|metrics|docs.*)$/,
  /^(GET|HEAD) \/(r\/:id|browse|administration|reset|i|assets\/.*|favicon\.ico|worker\.js|\*|)$/,
  /^(GET|HEAD) (\/rooms\/:id)?\/ws$/,
]

test('every route except the open ones answers 401, or 404 below /admin, without a token and with a malformed one', async t => {
  const routes: { method: string; url: string }[] = []
  const app = await build(
    t,
    {},
    {
      before: fastify => {
        fastify.addHook('onRoute', ({ method, url }) => {
          for (const one of [method].flat()) routes.push({ method: one, url })
        })
      },
    },
  )
  const closed = routes.filter(({ method, url }) => !open.some(pattern => pattern.test(`${method} ${url}`)))
  t.ok(closed.length >= 20)
  for (const { method, url } of closed) {
    const at = url.replaceAll(/:\w+/g, 'minji')
    for (const headers of [
      {},
      { authorization: 'Bearer a.b.c' },
      { cookie: 'token=a.b.c', origin: 'http://localhost' },
    ]) {
      const { statusCode, body } = await app.inject({ method: method as 'GET', url: at, headers })
      // What is below /admin does not exist for others.
      const [status, code] = url.startsWith('/admin/') ? [404, 'NOT_FOUND'] : [401, 'UNAUTHORIZED']
      t.equal(statusCode, status, `${method} ${url}`)
      if (method !== 'HEAD') t.equal(JSON.parse(body).code, code)
    }
  }
})

test('every documented route has a summary, a tag, a unique operationId and its error responses', async t => {
  const routes: { method: string | string[]; url: string; schema?: Record<string, unknown> }[] = []
  await build(
    t,
    {},
    {
      before: fastify => {
        fastify.addHook('onRoute', route => void routes.push(route as (typeof routes)[0]))
      },
    },
  )
  const documented = routes.filter(({ method, schema }) => method !== 'HEAD' && !schema?.hide)
  const ids = documented.map(({ schema }) => schema?.operationId)
  t.same([...new Set(ids)], ids)
  for (const { method, url, schema = {} } of documented) {
    const route = `${method} ${url}`
    t.match(schema, { summary: String, operationId: String, tags: [String], response: Object }, route)
    const answered = Object.keys(schema.response as object)
    const isOpen = open.some(pattern => pattern.test(`${method} ${url}`))
    const needed = /^\/(health|ready|metrics|docs.*)$/.test(url)
      ? []
      : ['429', '500', '503', ...(isOpen ? [] : [url.startsWith('/admin/') ? '404' : '401'])]
    for (const status of needed) t.ok(answered.includes(status), `${route}: ${status}`)
  }
})

test('the file of a route has the path of its URL', async t => {
  const urls = new Set<string>()
  await build(
    t,
    {},
    {
      before: fastify => {
        fastify.addHook('onRoute', ({ url, schema }) => {
          // Plugins serve documents and metrics; both socket routes share one file, `ws.ts`.
          if (!schema?.hide && !/^\/(docs|metrics)|\/ws$/.test(url)) urls.add(url)
        })
      },
    },
  )
  t.ok(urls.size >= 15)
  for (const url of urls) {
    const segments = url.slice(1).replaceAll(':', '_').split('/')
    const files = segments.map((_, at) => `${segments.slice(0, at + 1).join('/')}.ts`)
    const found = [...files, `${segments.join('/')}/index.ts`].some(file =>
      existsSync(new URL(`../../../routes/${file}`, import.meta.url)),
    )
    t.ok(found, url)
  }
})
