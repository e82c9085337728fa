import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import fastJson, { type Schema } from 'fast-json-stringify'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ErrorBody, errors } from '../schemas/error.js'

const codes: ReadonlySet<string> = new Set(Object.values(errors).map(make => new make().code))

/** Maps any error to one of our table: messages of Fastify, plugins and bugs never reach a client. */
function ours(error: FastifyError): FastifyError & { retry_after_ms?: number } {
  if (codes.has(error.code)) return error
  switch (error.statusCode) {
    case 401:
      return new errors.Unauthorized()
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
  if (statusCode >= 500) request.log.error({ err: error }, known.message)
  if ((statusCode === 429 || statusCode === 503) && !reply.hasHeader('retry-after')) {
    reply.header('retry-after', Math.ceil((known.retry_after_ms ?? 1000) / 1000))
  }
  return reply.code(statusCode).send({
    statusCode,
    code: known.code,
    error: STATUS_CODES[statusCode],
    message: known.message,
  })
}

/** For responses before any hook, to which the `security` plugin cannot add its headers. */
const bare = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
}

/** Answers a URL that Fastify cannot parse. */
export function answerBadAddress(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  return answerError(error, request, reply.headers(bare))
}

/** Answers bytes that are not valid HTTP. Fastify's own handler would log the raw packet, tokens included, and omit the code. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket) {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const {
    statusCode = 400,
    code,
    message,
  } = new errors.BadRequest('The request is not valid HTTP, too large or too slow')
  const body = JSON.stringify({ statusCode, code, error: STATUS_CODES[statusCode], message })
  const headers = {
    connection: 'close',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...bare,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  if (socket.writable) {
    socket.write(`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\n${lines.join('')}\r\n${body}`)
  }
  socket.destroy(error)
}

async function errorAnswers(fastify: FastifyInstance) {
  fastify.addSchema(ErrorBody)
  // All error responses have one shape, built here; compiling a serializer for each route would slow down the start.
  fastify.setSerializerCompiler(({ schema }) => {
    return (schema as { $ref?: string }).$ref === 'Error#' ? JSON.stringify : fastJson(schema as Schema)
  })
  fastify.setErrorHandler(answerError)
  fastify.setNotFoundHandler(() => {
    throw new errors.NotFound()
  })
}

export default fp(errorAnswers, { name: 'errors' })
