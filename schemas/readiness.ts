import { type Static, Type } from '@sinclair/typebox'

const State = Type.Union([Type.Literal('up'), Type.Literal('down')], { examples: ['up'] })

export const Readiness = Type.Object(
  {
    ready: Type.Boolean({ description: 'Whether the server accepts requests and sockets' }),
    draining: Type.Boolean({ description: 'Whether the server is shutting down' }),
    store: State,
    bus: Type.Union([State], {
      description: 'If it is down, chat keeps working, but messages between servers are slower',
    }),
    path: Type.Union([Type.Literal('fast'), Type.Literal('slow'), Type.Literal('store gone')], {
      description: 'How messages reach other servers: `fast` through the bus, `slow` by polling the store',
      examples: ['fast'],
    }),
  },
  { additionalProperties: false },
)
export type Readiness = Static<typeof Readiness>
