import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import fastJson, { type Schema } from 'fast-json-stringify'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ErrorBody, errors } from '../schemas/error.js'
import { linger } from './connections/linger.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** How many error responses each code had. */
    errorsAnswered: Record<string, number>
  }
}

const codes: ReadonlySet<string> = new Set(Object.values(errors).map(make => new make().code))

/** Maps any error to one of our table: messages of Fastify, plugins and bugs never reach a client. */
function ours(error: FastifyError): FastifyError & { retry_after_ms?: number; until?: string } {
  if (codes.has(error.code)) return error
  switch (error.statusCode) {
    case 401:
      return new errors.Unauthorized()
    // Of a path that leads out of the folder of static files, or that no file can have.
    case 403:
    case 404:
      return new errors.NotFound()
    case 413:
      return new errors.BodyTooLarge()
    case 415:
      return new errors.MediaTypeRefused()
  }
  if (error.code === 'FST_ERR_BAD_URL') return new errors.BadRequest('The URL is malformed')
  if (error.code === 'FST_ERR_MAX_PARAM_LENGTH') return new errors.BadRequest('A part of the URL is too long')
  if (error.statusCode === 400) return new errors.BadRequest(error.message)
  return new errors.Internal()
}

/** Every error response is built here. */
function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const known = ours(error)
  const statusCode = known.statusCode ?? 500
  count(request.server, known.code)
  if (statusCode >= 500) request.log.error({ err: error }, known.message)
  if ((statusCode === 429 || statusCode === 503) && !reply.hasHeader('retry-after')) {
    reply.header('retry-after', Math.ceil((known.retry_after_ms ?? 1000) / 1000))
  }
  if (statusCode === 401) reply.header('www-authenticate', 'Bearer')
  return reply.code(statusCode).send(bodyOf(known))
}

function count({ errorsAnswered }: FastifyInstance, code: string) {
  errorsAnswered[code] = (errorsAnswered[code] ?? 0) + 1
}

function bodyOf({ statusCode = 500, code, message, until }: FastifyError & { until?: string }): ErrorBody {
  const body = { statusCode, code, error: STATUS_CODES[statusCode] as string, message }
  return until === undefined ? body : { ...body, until }
}

/** For responses before any hook, to which the `security` plugin cannot add its headers. */
const bare = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** Answers a URL that Fastify cannot parse. */
export function answerBadAddress(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  return answerError(error, request, reply.headers({ ...bare, 'x-request-id': request.id }))
}

/** Answers bytes that are not valid HTTP. Fastify's own handler would log the raw packet, tokens included, and omit the code. */
export function answerBrokenRequest(this: FastifyInstance, error: Error & { code?: string }, socket: Socket) {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const known = explainBroken(error.code)
  count(this, known.code)
  refuseConnection(socket, known)
}

function explainBroken(code: string | undefined): FastifyError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new errors.RequestTimeout()
    case 'HPE_HEADER_OVERFLOW':
      return new errors.HeadersTooLarge()
    default:
      return new errors.BadRequest('The request is not valid HTTP')
  }
}

/** Writes an error response to a connection that Fastify does not answer, and closes it. */
export function refuseConnection(
  socket: Duplex & { _httpMessage?: { _headerSent: boolean } | null },
  error: FastifyError,
) {
  // In the middle of another response, ours would be taken for a part of it.
  if (socket.writable && !socket._httpMessage?._headerSent) {
    const { statusCode, ...rest } = bodyOf(error)
    const body = JSON.stringify({ statusCode, ...rest })
    const headers = {
      connection: 'close',
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      ...bare,
    }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\n${lines.join('')}\r\n${body}`)
    return linger(socket as Socket)
  }
  socket.destroy()
}

/** The methods of every route, to tell a wrong method from a wrong path. */
function watchMethods(fastify: FastifyInstance) {
  /** What only administrators find answers 404 to everybody else, whatever the method. */
  const isHidden = (path: string) => path.startsWith('/admin/')
  const routes = new Map<string, { path: RegExp; parameters: number; methods: Set<string> }>()
  fastify.addHook('onRoute', ({ url, method }) => {
    const parameters = url.split(/[:*]/).length
    const route = routes.get(url) ?? { path: patternOf(url), parameters, methods: new Set() }
    for (const each of [method].flat()) route.methods.add(each)
    routes.set(url, route)
  })
  /** Of the most exact route: `/users/me` before `/users/:username`. */
  return (path: string) => {
    if (isHidden(path)) return undefined
    const found = [...routes.values()].filter(route => route.path.test(path))
    return found.sort((a, b) => a.parameters - b.parameters)[0]?.methods
  }
}

/** @param url of a route, such as `/rooms/:id` or `/assets/*` */
function patternOf(url: string): RegExp {
  const literal = url.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replace(/:\w+/g, '[^/]+').replace('*', '.*')}$`)
}

// Shared by all applications of a process, so that the tests compile each schema once.
const serializers = new WeakMap<object, (value: unknown) => string>()

/** Compiles the schema when the first answer is written: a start does not wait for those of all routes. */
const serializerOf = (schema: Schema) => (value: unknown) => {
  let serialize = serializers.get(schema)
  if (!serialize) {
    serialize = fastJson(schema)
    serializers.set(schema, serialize)
  }
  return serialize(value)
}

async function errorAnswers(fastify: FastifyInstance) {
  fastify.decorate('errorsAnswered', Object.fromEntries([...codes].map(code => [code, 0])))
  fastify.addSchema(ErrorBody)
  // All error responses have one shape, built here; compiling a serializer for each route would slow down the start.
  fastify.setSerializerCompiler(({ schema }) =>
    (schema as { $ref?: string }).$ref === 'Error#' ? JSON.stringify : serializerOf(schema as Schema),
  )
  const methodsOf = watchMethods(fastify)
  function methodRefused(request: FastifyRequest, reply: FastifyReply) {
    const methods = methodsOf(request.url.split('?', 1)[0] as string)
    if (methods === undefined || methods.has(request.method)) return undefined
    reply.header('allow', [...methods].join(', '))
    return new errors.MethodNotAllowed(request.method)
  }
  function refuseUnrouted(request: FastifyRequest, reply: FastifyReply): never {
    throw methodRefused(request, reply) ?? new errors.NotFound()
  }
  fastify.setErrorHandler((error: FastifyError, request, reply) => {
    // The path may be that of another route with other methods: PUT /messages/search does not match PUT /messages/:msgId.
    const refused = error.statusCode === 400 ? methodRefused(request, reply) : undefined
    return answerError(refused ?? error, request, reply)
  })
  fastify.setNotFoundHandler(refuseUnrouted)
  // Of QUERY, Fastify looks at the content type before it looks for a handler.
  fastify.addHook('preParsing', async (request, reply) => {
    if (request.is404) refuseUnrouted(request, reply)
  })
}

export default fp(errorAnswers, { name: 'errors' })
