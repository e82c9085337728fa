import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { errorAnswers } from '../../schemas/error.js'
import { Message } from '../../schemas/message.js'
import { Member, Room } from '../../schemas/room.js'
import { Profile, User } from '../../schemas/user.js'
import { complete } from './complete.js'

/** The top of the project: what is not TypeScript is read from where it stands, not from `build/`. */
const TOP = new URL('../../../', import.meta.url)
const { version } = JSON.parse(readFileSync(new URL('package.json', TOP), 'utf8')) as { version: string }

const description = `Rooms, their members and their history over HTTP; what is said now comes over a WebSocket (asyncapi.yaml).

Every error is \`{statusCode, code, error, message}\`; \`code\` is stable. 429 and 503 carry \`Retry-After\`. Bodies are JSON,
and unknown properties are refused. Whatever carries a \`client_id\` may be sent again: a repeat is answered like the first.`

const tags = [
  { name: 'auth', description: 'Accounts and sessions' },
  { name: 'users', description: 'Profiles' },
  { name: 'rooms', description: 'Rooms, and being in them' },
  { name: 'members', description: 'Who is in a room' },
  { name: 'messages', description: 'What was said' },
  { name: 'sockets', description: 'WebSockets' },
  { name: 'system', description: 'For who runs the server; needs no token' },
]

/** Describes the routes that come after it: the document by `fastify.swagger()`, for people at `/docs`. */
async function docs(fastify: FastifyInstance) {
  await fastify.register(swagger, {
    convertConstToEnum: false,
    openapi: {
      openapi: '3.1.0',
      info: { title: 'woongkie-talkie', version, description, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/', description: 'The server that serves this document' }],
      tags,
      security: [{ bearer: [] }, { cookie: [] }],
      components: {
        schemas: JSON.parse(JSON.stringify({ Message, Room, Member, User, Profile })),
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The `token` of a login' },
          cookie: {
            type: 'apiKey',
            in: 'cookie',
            name: 'token',
            description: 'Set by a login; what changes something then needs an `Origin` of this server',
          },
        },
      },
    },
    refResolver: { buildLocalReference: (json, _uri, _fragment, i) => (json.$id as string | undefined) ?? `def-${i}` },
    // @fastify/websocket hides its routes.
    transform: ({ schema, url, route }) => ({ schema: route.websocket ? { ...schema, hide: false } : schema, url }),
    transformObject: document => {
      if (!('openapiObject' in document)) return document.swaggerObject
      complete(document.openapiObject)
      return document.openapiObject
    },
  })
  await fastify.register(swaggerUi, { routePrefix: '/docs', uiConfig: { tryItOutEnabled: true } })

  for (const [name, what] of [
    ['openapi.yaml', 'HTTP, as OpenAPI 3.1'],
    ['asyncapi.yaml', 'The WebSocket protocol, as AsyncAPI 3.0'],
  ] as const) {
    const schema = {
      summary: what,
      operationId: name === 'openapi.yaml' ? 'getOpenApi' : 'getAsyncApi',
      tags: ['system'],
      security: [],
      response: {
        200: {
          description: what,
          content: {
            'application/yaml': {
              schema: Type.Object({}, { additionalProperties: true }),
              example: { [name.slice(0, -5)]: '3.…' },
            },
          },
        },
        ...errorAnswers('RateLimited', 'Internal'),
      },
    }
    fastify.get(`/docs/${name}`, { schema }, (_request, reply) => {
      reply.type('application/yaml; charset=utf-8')
      return readFile(new URL(`openapi/${name}`, TOP), 'utf8')
    })
  }
}

export default fp(docs, { name: 'docs', dependencies: ['errors', 'security', 'rate-limit'] })
