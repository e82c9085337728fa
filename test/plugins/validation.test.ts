import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { PageQuery, Sending } from '../../schemas/message.js'
import { ProfileChange } from '../../schemas/user.js'
import { build, register } from '../support/application.js'

function routes(app: FastifyInstance) {
  const Count = Type.Object(
    { n: Type.Integer(), on: Type.Optional(Type.Boolean({ default: true })) },
    { additionalProperties: false },
  )
  app.post('/count', { schema: { body: Count } }, async ({ body }) => body ?? null)
  app.post('/send', { schema: { body: Sending } }, async ({ body }) => body)
  app.post('/profile', { schema: { body: ProfileChange } }, async ({ body }) => body)
  app.get('/page', { schema: { querystring: PageQuery } }, async ({ query }) => query)
  const Names = Type.Object({ names: Type.Array(Type.String()) })
  app.get('/list', { schema: { querystring: Names } }, async ({ query }) => query)
  app.get('/at/:n', { schema: { params: Type.Object({ n: Type.Integer() }) } }, async ({ params }) => params)
}

const post = (url: string, payload: object | string) =>
  ({ method: 'POST', url, payload, headers: { 'content-type': 'application/json' } }) as const

test('bodies are not changed: nothing is coerced, dropped or wrapped', async t => {
  const app = await build(t, {}, { after: routes })
  t.same((await app.inject(post('/count', { n: 1 }))).json(), { n: 1, on: true })
  for (const body of [{ n: '1' }, { n: null }, { n: [1] }, { n: 1, on: 'true' }, { n: 1, on: null }, [{ n: 1 }]]) {
    t.match((await app.inject(post('/count', body))).json(), { statusCode: 400, code: 'BAD_REQUEST' })
  }
  for (const body of ['null', '1', '"n"', '{}']) t.equal((await app.inject(post('/count', body))).statusCode, 400)
  t.equal(
    (await app.inject({ method: 'POST', url: '/count' })).statusCode,
    400,
    'a missing body does not bypass the schema',
  )
})

test('queries and parameters are converted to numbers only if they are valid numbers', async t => {
  const app = await build(t, {}, { after: routes })
  t.same((await app.inject('/page?after=7&limit=20')).json(), { after: 7, limit: 20 })
  t.same((await app.inject('/page')).json(), { limit: 50 })
  t.same((await app.inject('/at/7')).json(), { n: 7 })
  const wrong = ['after=-1', 'after=1e308', 'after=x', 'after=1&after=2', 'after[$gt]=1', 'limit=1e9', 'limit=0', 'q=1']
  for (const query of [...wrong, '__proto__=1', 'constructor=1']) {
    t.match((await app.inject(`/page?${query}`)).json(), { statusCode: 400, code: 'BAD_REQUEST' }, query)
  }
  t.equal((await app.inject('/at/seven')).statusCode, 400)
  t.equal((await app.inject('/list?names=a&names=b')).statusCode, 200)
  t.equal((await app.inject('/list?names=a')).statusCode, 400, 'a single value is not converted to a list')
})

test('what a route does not know is refused, also if it wants no query or no body at all', async t => {
  const app = await build(t)
  const { headers } = await register(app, 'minji')
  const json = { ...headers, 'content-type': 'application/json' }
  for (const url of ['/rooms/default', '/auth/me', '/users/me/profile', '/health', '/ready', '/docs/openapi.yaml']) {
    t.equal((await app.inject({ url, headers })).statusCode, 200, url)
    t.match((await app.inject({ url: `${url}?x=1`, headers })).json(), {
      code: 'BAD_REQUEST',
      message: 'querystring must not have the property "x"',
    })
  }
  const logout = (payload: string) => app.inject({ method: 'POST', url: '/auth/logout', headers: json, payload })
  t.match((await logout('{"everywhere":true}')).json(), {
    code: 'BAD_REQUEST',
    message: 'body must not have the property "everywhere"',
  })
  for (const body of ['[1]', '1', '"all"']) {
    t.match((await logout(body)).json(), { code: 'BAD_REQUEST', message: 'body must be empty' })
  }
  const add = { method: 'PUT', url: '/rooms/default/members/minji', headers: json } as const
  t.equal((await app.inject({ ...add, payload: '{"role":"owner"}' })).statusCode, 400)
  t.equal((await app.inject({ url: '/?from=mail' })).statusCode, 200, 'the page opens with any query')
  t.equal((await app.inject({ url: '/r/default?from=mail' })).statusCode, 200)
  t.equal((await logout('{}')).statusCode, 204)
})

test('the error names the field and the rule in one line, and never repeats a value', async t => {
  const app = await build(t, {}, { after: routes })
  const message = async (url: string, body: object) => (await app.inject(post(url, body))).json().message
  t.equal(await message('/count', {}), `body must have required property 'n'`)
  t.equal(await message('/count', { n: 'hush' }), 'body.n must be integer')
  t.equal(await message('/count', { n: 1, seq: 'hush' }), 'body must not have the property "seq"')
  t.match(await message('/send', { text: ' \n ' }), /^body.text is malformed: 1 to 2,000 code points/)
  t.equal(await message('/profile', { status: 'hush' }), 'body.status must be one of available, busy, away')
  t.ok((await message('/count', { n: 1, ['\n'.repeat(1000)]: 1 })).length < 300)
})

test('operator objects and what only the server decides are refused', async t => {
  const app = await build(t, {}, { after: routes })
  for (const body of [{ text: { $gt: '' } }, { text: ['a'] }, { text: 'a', seq: 1 }, { text: 'a', username: 'b' }]) {
    t.equal((await app.inject(post('/send', body))).statusCode, 400)
  }
})

test('text is counted in code points and kept as it is; U+0000 and lone surrogates are refused', async t => {
  const app = await build(t, {}, { after: routes })
  const send = async (text: string) => (await app.inject(post('/send', `{"text":"${text}"}`))).statusCode
  t.equal(await send('🦊'.repeat(2000)), 200)
  t.equal(await send('🦊'.repeat(2001)), 400)
  t.equal(await send('a\\u0000b'), 400)
  t.equal(await send('a\\ud83e'), 400)
  t.equal(await send('\\ud83e\\udd8a'), 200)
})
