import { test } from 'tap'
import { build } from '../support/application.js'

/** What answers without a token; both socket routes decide by themselves (their own tests ask them). */
const open = [
  /^POST \/auth\/(register|login)$/,
  /^(GET|HEAD) \/(health|ready|metrics|docs.*)$/,
  /^(GET|HEAD) \/(r\/:id|assets\/.*|favicon\.ico|worker\.js|\*|)$/,
  /^(GET|HEAD) (\/rooms\/:id)?\/ws$/,
]

test('every route but the open ones answers 401 without a token, with a foreign one and with a broken one', async t => {
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
      t.equal(statusCode, 401, `${method} ${url}`)
      if (method !== 'HEAD') t.equal(JSON.parse(body).code, 'UNAUTHORIZED')
    }
  }
})

test('every route has a summary, a tag, an operationId of its own and an error answer of each kind it can give', async t => {
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
      : ['429', '500', '503', ...(isOpen ? [] : ['401'])]
    for (const status of needed) t.ok(answered.includes(status), `${route}: ${status}`)
  }
})
