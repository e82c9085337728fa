/** The client's half of what each peer speaks. */
import { clientFrame, serverFrame } from './frames.js'
import { textOf } from './text.js'

/** A socket's place in a room. */
export interface Seat {
  room_id: string
  username: string
  /** A bearer token, where the peer has accounts. */
  token?: string
}

/** What a text that carries no message means to the client: an ack, the end of the join, nothing, or something to answer. */
type Heard = 'ack' | 'joined' | null | { reply: string }

export interface Dialect {
  /** Of the upgrade; null: no upgrade, the first bytes are frames. */
  path: string | null
  /** The first thing to say, if anything. */
  hello?(seat: Seat): string
  /** @throws on what means a refusal */
  hear(text: string, seat: Seat): Heard
  /** Message n. */
  send(seat: Seat, n: number): string
  frame(payload: string): Buffer
  /** A frame may hold several texts, each on a line. */
  lines?: boolean
}

/** One request in the run: unique for each user and room. */
const clientId = (n: number) => `fanout-${String(n).padStart(8, '0')}`

/** JSON frames with a type, as this server takes them; the hand-made peers speak the same. */
const typed = {
  hear(text: string): Heard {
    if (text.startsWith('{"type":"ack"')) return 'ack'
    if (text.startsWith('{"type":"welcome"')) return 'joined'
    if (text.startsWith('{"type":"error"')) throw new Error(text)
    return null
  },
  send: ({ room_id }: Seat, n: number) =>
    `{"type":"send","room_id":"${room_id}","client_id":"${clientId(n)}","text":"${textOf(n)}"}`,
  frame: clientFrame,
}
const join = ({ room_id, username }: Seat) => JSON.stringify({ type: 'subscribe', room_id, username })

/** The same shape and length as this server's event and ack of message n. */
function event({ room_id, username }: Seat, n: number) {
  const created_at = new Date().toISOString()
  return `{"type":"message","seq":${n},"id":${n},"room_id":"${room_id}","username":"${username}","text":"${textOf(n)}","created_at":"${created_at}","client_id":"${clientId(n)}"}`
}

export const dialects = {
  ours: { ...typed, path: '/ws', hello: ({ room_id }) => `{"type":"subscribe","room_id":"${room_id}"}` },

  typed: { ...typed, path: '/', hello: join },

  /** The client makes the very bytes that the server is to write. */
  tcp: {
    ...typed,
    path: null,
    hello: ({ room_id }) => room_id,
    send: event,
    frame: payload => serverFrame(payload),
  },

  'socket.io': {
    path: '/socket.io/?EIO=4&transport=websocket',
    hear(text, { room_id, username }) {
      if (text === '2') return { reply: '3' }
      if (text.startsWith('0{')) return { reply: '40' }
      if (text.startsWith('40{')) return { reply: `420${JSON.stringify(['join', room_id, username])}` }
      if (text === '430[]') return 'joined'
      if (text.startsWith('43')) return 'ack'
      throw new Error(text)
    },
    send: (_, n) => `42${n + 1}["send",{"client_id":"${clientId(n)}","text":"${textOf(n)}"}]`,
    frame: clientFrame,
  },

  /** Its server passes the data on as they are: the client sends what the others' servers make of a message. */
  centrifugo: {
    path: '/connection/websocket',
    lines: true,
    hello: () => '{"id":1,"connect":{}}',
    hear(text, { room_id }) {
      if (text === '{}') return { reply: '{}' }
      if (text.includes('"error"')) throw new Error(text)
      if (text.startsWith('{"id":1,')) return { reply: `{"id":2,"subscribe":{"channel":"${room_id}"}}` }
      if (text.startsWith('{"id":2,')) return 'joined'
      return text.startsWith('{"id"') ? 'ack' : null
    },
    send: (seat, n) => `{"id":${n + 3},"publish":{"channel":"${seat.room_id}","data":${event(seat, n)}}}`,
    frame: clientFrame,
  },
} satisfies Record<string, Dialect>

export type DialectName = keyof typeof dialects
