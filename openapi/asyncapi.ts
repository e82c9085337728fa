import type { TSchema } from '@sinclair/typebox'
import { errors } from '../schemas/error.js'
import { exampleOf } from '../schemas/example.js'
import { clientFrames, eventFrames, serverFrames } from '../schemas/frame.js'
import { RoomId } from '../schemas/room.js'
import { closeCodes, limits, SUBPROTOCOL } from '../schemas/wire.js'

type Frames = Record<string, TSchema>

/** Frames that only make sense on a socket of many rooms. */
const MANY_ROOMS_ONLY: ReadonlySet<string> = new Set(['subscribe', 'unsubscribe', 'unsubscribed'])

/** The WebSocket protocol as AsyncAPI 3.0 describes it, from the schemas that the server checks frames with. */
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
        'One JSON object a text frame, told apart by `type`. docs/protocol.md says how they go together.',
        `A frame has at most ${limits.FRAME_BYTES_MAX} bytes. Ask for the subprotocol \`${SUBPROTOCOL}\`; a browser adds`,
        '`bearer.<token>` as a second one, everybody else sends `Authorization: Bearer`.',
        'Neither a token nor anything else secret ever stands in the address.',
      ].join('\n'),
      license: { name: 'MIT', url: 'https://spdx.org/licenses/MIT.html' },
    },
    defaultContentType: 'application/json',
    servers: {
      local: {
        host: 'localhost:8080',
        protocol: 'ws',
        description: 'As `npm start` serves it',
        security: ['bearer', 'cookie', 'subprotocol'].map(name => ({ $ref: `#/components/securitySchemes/${name}` })),
      },
    },
    channels: {
      room: {
        ...room,
        description: closing('The room of the address; frames for another are refused.'),
        parameters: { id: { description: 'The id of the room', examples: RoomId.examples } },
        messages: { ...messageRefs('client', except(clientFrames)), ...messageRefs('server', except(fromServer)) },
        bindings: {
          ws: {
            method: 'GET',
            query: {
              type: 'object',
              properties: {
                after: { type: 'integer', minimum: 0, description: 'The last contiguous seq that the client saw' },
                epoch: { type: 'string', description: 'The epoch of the `welcome` that came with it' },
              },
            },
          },
        },
      },
      rooms: {
        ...rooms,
        description: closing(
          `Rooms are followed by \`subscribe\`, at most ${limits.ROOMS_PER_SOCKET_MAX}. Where one ends, an \`error\` frame names it and the socket lives on.`,
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
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'For everybody but browsers' },
        cookie: {
          type: 'httpApiKey',
          in: 'cookie',
          name: 'token',
          description: 'Set by logging in; the request needs an `Origin` of this server',
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
  return [text, '', '| close code | what happened | what the client does next |', '| --- | --- | --- |', ...codes].join(
    '\n',
  )
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
