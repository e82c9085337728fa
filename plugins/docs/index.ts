import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { errorAnswers } from '../../schemas/error.js'
import { Member } from '../../schemas/member.js'
import { Message } from '../../schemas/message.js'
import { Room } from '../../schemas/room.js'
import { OwnUser, Profile } from '../../schemas/user.js'
import { complete } from './complete.js'

/** The root of the project: files other than TypeScript are not copied to `build/`. */
const TOP = new URL('../../../', import.meta.url)
const { version } = JSON.parse(readFileSync(new URL('package.json', TOP), 'utf8')) as { version: string }

const description = `The HTTP API for accounts, rooms, members and message history. Live messages are delivered over WebSockets, which are
described in [asyncapi.yaml](/docs/asyncapi.yaml).

**Authentication.** Send the token that \`POST /auth/login\` returns as \`Authorization: Bearer <token>\`. Browsers can use the
cookie that the same request sets.

**Errors.** Every error response is \`{statusCode, code, error, message}\`; \`code\` is stable and meant for programs. Responses
with status 429 or 503 have a \`Retry-After\` header.

**Lists.** All lists page in one way: \`limit\` is the size of a page, and while there is another page, the header \`Link\` has its
URL with \`rel="next"\`.

**Requests.** Bodies are JSON, and unknown properties are rejected.

**Idempotency.** Requests with a \`client_id\` are idempotent: a retry has no further effect and gets the result of the
original request.`

const tags = [
  { name: 'auth', description: 'Accounts, sessions and tokens' },
  { name: 'users', description: 'User profiles' },
  { name: 'admin', description: 'For administrators of the server' },
  { name: 'rooms', description: 'Find, create, change and delete rooms' },
  { name: 'members', description: 'Join and leave rooms, manage members and ownership' },
  { name: 'direct', description: 'Direct conversations, and blocking users' },
  { name: 'moderation', description: 'Ban and mute users of a room' },
  { name: 'invitations', description: 'Invite users to a room by links, and join by them' },
  { name: 'messages', description: 'Read, search, send, edit and delete messages' },
  { name: 'sockets', description: 'Open WebSockets for live events' },
  { name: 'system', description: 'Health checks, metrics and API documents; no authentication required' },
]

/** Documents the routes that are registered after it: as data by `fastify.swagger()`, for readers at `/docs`. */
async function docs(fastify: FastifyInstance) {
  await fastify.register(swagger, {
    convertConstToEnum: false,
    openapi: {
      openapi: '3.1.0',
      info: { title: 'woongkie-talkie', version, description, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/', description: 'This server' }],
      tags,
      security: [{ bearer: [] }, { cookie: [] }],
      components: {
        schemas: JSON.parse(JSON.stringify({ Message, Room, Member, OwnUser, Profile })),
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'The `token` that a login returns',
          },
          cookie: {
            type: 'apiKey',
            in: 'cookie',
            name: 'token',
            description:
              'Set by a login, under the name `token_` and 8 characters that depend on the secret, so that servers on one host do not share it; `token` is accepted, too. Requests that write must have an allowed `Origin`',
          },
        },
      },
    },
    refResolver: { buildLocalReference: (json, _uri, _fragment, i) => (json.$id as string | undefined) ?? `def-${i}` },
    // @fastify/websocket hides its routes from the document.
    transform: ({ schema, url, route }) => ({ schema: route.websocket ? { ...schema, hide: false } : schema, url }),
    transformObject: document => {
      if (!('openapiObject' in document)) return document.swaggerObject
      complete(document.openapiObject)
      return document.openapiObject
    },
  })
  if (fastify.config.DOCS === 'off') return
  await fastify.register(swaggerUi, {
    routePrefix: '/docs',
    theme: { title: 'woongkie-talkie API' },
    // Without the top bar, which would carry Fastify's logo and a field for other documents.
    uiConfig: { layout: 'BaseLayout', tryItOutEnabled: true },
  })

  for (const [name, summary, what] of [
    ['openapi.yaml', 'Get the OpenAPI document', 'The HTTP API as OpenAPI 3.1'],
    ['asyncapi.yaml', 'Get the AsyncAPI document', 'The WebSocket protocol as AsyncAPI 3.0'],
  ] as const) {
    const schema = {
      summary,
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
    let text: Promise<Buffer> | undefined
    fastify.get(`/docs/${name}`, { schema }, (_request, reply) => {
      reply.type('application/yaml; charset=utf-8')
      text ??= readFile(new URL(`openapi/${name}`, TOP))
      return text
    })
  }
}

export default fp(docs, { name: 'docs', dependencies: ['config', 'errors', 'security', 'rate-limit'] })
