import type { TSchema } from '@sinclair/typebox'
import { errors } from '../schemas/error.js'
import { exampleOf } from '../schemas/example.js'
import { clientFrames, eventFrames, serverFrames } from '../schemas/frame.js'
import { RoomId } from '../schemas/room.js'
import { closeCodes, limits, SUBPROTOCOL } from '../schemas/wire.js'

type Frames = Record<string, TSchema>

/** Frames that only make sense on a socket for many rooms. */
const MANY_ROOMS_ONLY: ReadonlySet<string> = new Set(['subscribe', 'unsubscribe', 'unsubscribed'])

/** The WebSocket protocol as an AsyncAPI 3.0 document, made from the schemas that the server validates frames with. */
export function asyncApiDocument(version: string) {
  const fromServer: Frames = { ...serverFrames, ...eventFrames }
  const room = { address: '/rooms/{id}/ws', title: 'A socket for one room' }
  const rooms = { address: '/ws', title: 'A socket for any number of rooms' }
  const except = (frames: Frames) =>
    Object.fromEntries(Object.entries(frames).filter(([type]) => !MANY_ROOMS_ONLY.has(type)))

  return {
    asyncapi: '3.0.0',
    info: {
      title: 'woongkie-talkie sockets',
      version,
      description: [
        'Each text frame is one JSON object; its `type` says which. docs/protocol.md explains how they work together.',
        `A frame has at most ${limits.FRAME_BYTES_MAX} bytes. Request the subprotocol \`${SUBPROTOCOL}\`. Browsers add`,
        '`bearer.<token>` as a second one; other clients send `Authorization: Bearer`.',
        'Never put a token or another secret into the URL.',
      ].join('\n'),
      license: { name: 'MIT', url: 'https://spdx.org/licenses/MIT.html' },
    },
    defaultContentType: 'application/json',
    servers: {
      local: {
        host: 'localhost:8080',
        protocol: 'ws',
        description: 'Started by `npm start`',
        security: ['bearer', 'cookie', 'subprotocol'].map(name => ({ $ref: `#/components/securitySchemes/${name}` })),
      },
    },
    channels: {
      room: {
        ...room,
        description: closing('Serves the room named in the path; frames for another room are rejected.'),
        parameters: { id: { description: 'The id of the room', examples: RoomId.examples } },
        messages: { ...messageRefs('client', except(clientFrames)), ...messageRefs('server', except(fromServer)) },
        bindings: {
          ws: {
            method: 'GET',
            query: {
              type: 'object',
              properties: {
                after: {
                  type: 'integer',
                  minimum: 0,
                  description: 'The last seq the client received without a gap before it',
                },
                epoch: { type: 'string', description: 'The epoch from the `welcome` frame of that connection' },
              },
            },
          },
        },
      },
      rooms: {
        ...rooms,
        description: closing(
          `Subscribe to up to ${limits.ROOMS_PER_SOCKET_MAX} rooms with \`subscribe\`. If access to one ends, an \`error\` frame names it and the socket stays open.`,
        ),
        messages: { ...messageRefs('client', clientFrames), ...messageRefs('server', fromServer) },
        bindings: { ws: { method: 'GET' } },
      },
    },
    operations: {
      receiveInRoom: operation('receive', 'room', 'client', except(clientFrames)),
      sendInRoom: operation('send', 'room', 'server', except(fromServer)),
      receive: operation('receive', 'rooms', 'client', clientFrames),
      send: operation('send', 'rooms', 'server', fromServer),
    },
    components: {
      messages: { ...messages('client', clientFrames), ...messages('server', fromServer) },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'For clients other than browsers' },
        cookie: {
          type: 'httpApiKey',
          in: 'cookie',
          name: 'token',
          description: 'Set at login; the request needs an `Origin` of this server',
        },
        subprotocol: {
          type: 'httpApiKey',
          in: 'header',
          name: 'Sec-WebSocket-Protocol',
          description: `For browsers: \`${SUBPROTOCOL}, bearer.<token>\`, answered with \`${SUBPROTOCOL}\``,
        },
      },
    },
    'x-close-codes': Object.entries(closeCodes).map(([name, { code, next, meaning }]) => ({
      code,
      name,
      meaning,
      next,
    })),
    'x-error-codes': [...new Set(Object.values(errors).map(make => new make().code))].sort(),
  }
}

function closing(text: string) {
  const codes = Object.values(closeCodes).map(({ code, meaning, next }) => `| ${code} | ${meaning} | ${next} |`)
  return [text, '', '| close code | meaning | what the client does next |', '| --- | --- | --- |', ...codes].join('\n')
}

function messageRefs(side: string, frames: Frames) {
  return Object.fromEntries(
    Object.keys(frames).map(type => [`${side}.${type}`, { $ref: `#/components/messages/${side}.${type}` }]),
  )
}

function messages(side: string, frames: Frames) {
  return Object.fromEntries(
    Object.entries(frames).map(([type, { title, description, ...payload }]) => [
      `${side}.${type}`,
      {
        name: type,
        title,
        summary: description,
        payload,
        examples: [{ name: type, payload: exampleOf(payload as TSchema) }],
      },
    ]),
  )
}

/** @param action what the server does */
function operation(action: 'send' | 'receive', channel: string, side: string, frames: Frames) {
  return {
    action,
    title: action === 'send' ? 'What the server sends' : 'What a client sends',
    channel: { $ref: `#/channels/${channel}` },
    messages: Object.keys(frames).map(type => ({ $ref: `#/channels/${channel}/messages/${side}.${type}` })),
  }
}
