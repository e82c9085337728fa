import { readFileSync } from 'node:fs'
import type { HTTPMethods } from 'fastify'
import { test } from 'tap'
import { parse } from 'yaml'
import { build } from '../support/application.js'

interface Media {
  schema: { examples?: unknown[]; default?: unknown }
  example?: unknown
  examples?: Record<string, unknown>
}
interface Operation {
  operationId: string
  summary: string
  tags: string[]
  security?: object[]
  parameters?: (Media & { in: string; name: string; required?: boolean })[]
  requestBody?: { required?: boolean; content: Record<string, Media> }
  responses: Record<string, { description: string; content?: Record<string, Media>; headers?: object }>
}

const document = parse(readFileSync(new URL('../../../openapi/openapi.yaml', import.meta.url), 'utf8')) as {
  paths: Record<string, Record<string, Operation>>
  tags: { name: string }[]
}
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    ...operation,
    name: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase() as HTTPMethods,
    /** With each parameter replaced by its example. */
    url: path.replace(/\{(\w+)\}/g, (_, name) =>
      String(operation.parameters?.find(parameter => parameter.name === name)?.example),
    ),
  })),
)

test('openapi.yaml lists every route and no others', async t => {
  const routes = new Set<string>()
  await build(
    t,
    {},
    {
      before: fastify =>
        fastify.addHook('onRoute', ({ method, url, schema, websocket }) => {
          if (schema?.hide && !websocket) return
          for (const each of [method].flat()) {
            if (each !== 'HEAD') routes.add(`${each} ${url.replace(/:(\w+)/g, '{$1}')}`)
          }
        }),
    },
  )
  t.strictSame(operations.map(({ name }) => name).sort(), [...routes].sort())
})

test('every operation has an id, a summary and tags', async t => {
  const tags = document.tags.map(({ name }) => name)
  for (const { name, operationId, summary, tags: own } of operations) {
    t.ok(operationId, `${name} has an operationId`)
    t.ok(summary, `${name} has a summary`)
    t.ok(own?.length > 0 && own.every(tag => tags.includes(tag)), `${name} has tags that are described`)
  }
  t.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length, 'no operationId twice')
})

test('requests, responses and required parameters have an example, optional parameters one in their schema only', async t => {
  for (const { name, parameters = [], requestBody, responses } of operations) {
    for (const { schema, example } of parameters.filter(({ required }) => !required)) {
      t.equal(example, undefined, `${name}: Swagger UI would fill it in`)
      t.ok(schema.examples ?? schema.default, `${name}: ${JSON.stringify(schema)}`)
    }
    const media = [
      ...parameters.filter(({ required }) => required),
      ...Object.values(requestBody?.content ?? {}),
      ...Object.values(responses).flatMap(({ content = {} }) => Object.values(content)),
    ]
    for (const { schema, example, examples } of media) {
      t.ok(example !== undefined || Object.keys(examples ?? {}).length > 0, `${name}: ${JSON.stringify(schema)}`)
    }
  }
})

test('every operation lists its errors', async t => {
  for (const { name, url, parameters, requestBody, responses, security, operationId } of operations) {
    const expected = new Set<number>()
    if (!['getHealth', 'getReadiness'].includes(operationId)) expected.add(500)
    if (!['getHealth', 'getReadiness', 'getMetrics'].includes(operationId)) expected.add(429)
    if (parameters || requestBody) expected.add(400)
    if (requestBody) expected.add(413).add(415)
    if (security === undefined) expected.add(name.includes(' /admin/') ? 404 : 401).add(503)
    if (/^\/rooms\/./.test(url) && !url.endsWith('/ws')) expected.add(404)
    for (const status of expected) t.ok(responses[status], `${name} names ${status}`)
    for (const [status, { description, headers }] of Object.entries(responses)) {
      if (Number(status) < 400 || operationId === 'getReadiness') continue
      t.match(description, /^[A-Z_]+(, [A-Z_]+)*$/, `${name} names the codes of ${status}`)
      if (status === '429' || status === '503') t.ok(headers, `${name}: ${status} has a Retry-After header`)
    }
  }
})

test('exactly the operations without security work without a token', async t => {
  const fastify = await build(t)
  for (const { name, method, url, security } of operations) {
    const { statusCode } = await fastify.inject({ method, url })
    // A plain request gets 426 before its token is checked; an upgrade without a token gets 401.
    if (url.endsWith('/ws')) t.equal(statusCode, 426, name)
    // For others, what is below /admin does not exist.
    else if (security === undefined) t.equal(statusCode, name.includes(' /admin/') ? 404 : 401, name)
    else t.not(statusCode, 401, name)
  }
})

test('joining and leaving a room are the only requests with an optional body', t => {
  const optional = operations.filter(({ requestBody }) => requestBody && !requestBody.required)
  t.strictSame(optional.map(({ operationId }) => operationId).sort(), ['joinRoom', 'leaveRoom'])
  t.end()
})
