import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { Dialect, Seat } from './dialects.js'
import { FrameReader } from './frames.js'
import { MARK, numberAt, TEXT_BYTES } from './text.js'

const JOIN_MAX_MS = 60_000
const LINE_FEED = 10
/** What is read at once, of all sockets in turn: it is used up when the callback returns. */
const shared = Buffer.allocUnsafe(64 * 1024)

interface Events {
  /** Message n came at `now`, ms. */
  message(n: number, now: number): void
  ack(): void
  /** The socket is of no use any more. */
  fail(error: Error): void
}

/** A socket in its room. */
export interface Client {
  send(n: number): void
  end(): void
}

/** Connects and joins. @param hint shared by the sockets of a room: where in a text its message's text began last */
export function join(port: number, dialect: Dialect, seat: Seat, hint: { at: number }, events: Events) {
  let resolve: (client: Client) => void
  let reject: (error: Error) => void
  const joined = new Promise<Client>((...settle) => {
    ;[resolve, reject] = settle
  })
  const late = setTimeout(() => fail(new Error('not joined in time')), JOIN_MAX_MS)
  let handshake = dialect.path === null ? null : ''
  let ended = false
  let now = 0

  const reader = new FrameReader({
    text: dialect.lines ? eachLine : onText,
    reply: frame => socket.write(frame),
  })
  const socket: Socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: { buffer: shared, callback: (size, bytes) => onBytes(bytes.subarray(0, size) as Buffer) },
  })
  socket.on('connect', () => socket.write(dialect.path === null ? hello() : upgrade(dialect.path, seat.token)))
  socket.on('error', fail).on('close', () => fail(new Error('the server closed the socket')))

  function fail(error: Error) {
    if (ended) return
    end()
    reject(error)
    events.fail(error)
  }

  function end() {
    ended = true
    clearTimeout(late)
    socket.destroy()
  }

  function hello() {
    return dialect.hello ? dialect.frame(dialect.hello(seat)) : Buffer.alloc(0)
  }

  function onBytes(bytes: Buffer) {
    now = performance.now()
    try {
      if (handshake === null) reader.read(bytes)
      else onHandshake(bytes)
    } catch (error) {
      fail(error as Error)
    }
    return true
  }

  function onHandshake(bytes: Buffer) {
    handshake += bytes.toString('latin1')
    const end = handshake?.indexOf('\r\n\r\n') ?? -1
    if (end === -1) return
    const head = handshake as string
    if (!head.startsWith('HTTP/1.1 101')) throw new Error(`upgrade refused: ${head.slice(0, 200)}`)
    handshake = null
    const first = hello()
    if (first.length > 0) socket.write(first)
    reader.read(Buffer.from(head.slice(end + 4), 'latin1'))
  }

  function onText(bytes: Buffer, start: number, end: number) {
    let at = start + hint.at
    if (at + TEXT_BYTES > end || bytes[at] !== MARK) {
      for (at = start; at < end && bytes[at] !== MARK; ) at++
      if (at === end) return onOther(bytes.toString('latin1', start, end))
      hint.at = at - start
    }
    events.message(numberAt(bytes, at), now)
  }

  function eachLine(bytes: Buffer, start: number, end: number) {
    for (let from = start; from < end; ) {
      const found = bytes.indexOf(LINE_FEED, from)
      const to = found === -1 || found > end ? end : found
      if (to > from) onText(bytes, from, to)
      from = to + 1
    }
  }

  function onOther(text: string) {
    const heard = dialect.hear(text, seat)
    if (heard === 'ack') events.ack()
    else if (heard === 'joined') {
      clearTimeout(late)
      resolve({ send: n => socket.write(dialect.frame(dialect.send(seat, n))), end })
    } else if (heard !== null) socket.write(dialect.frame(heard.reply))
  }

  return joined
}

function upgrade(path: string, token?: string) {
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
  ]
  if (token) lines.push(`Authorization: Bearer ${token}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}
