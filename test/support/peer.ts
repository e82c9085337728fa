import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { type WebSocket, WebSocketServer } from 'ws'
import type { ClientFrame, EventFrames } from '../../schemas/frame.js'

/** A queue whose items are awaited one after the other. */
function createInbox<T>() {
  const items: T[] = []
  const waiting: ((item: T) => void)[] = []
  return {
    put(item: T) {
      const next = waiting.shift()
      if (next) next(item)
      else items.push(item)
    },
    next: async (): Promise<T> =>
      items.length > 0 ? (items.shift() as T) : new Promise(resolve => waiting.push(resolve)),
    get size() {
      return items.length
    },
  }
}

/** One connection as the scripted server sees it. */
export interface PeerSocket {
  /** The subprotocols that the client offered. */
  protocols: string[]
  /** The client's next frame. */
  next(): Promise<ClientFrame>
  /** Number of frames not taken by `next` yet, after everything that the client has sent so far has arrived. */
  waiting(): Promise<number>
  send(...frames: object[]): void
  close(code: number, reason?: string): void
  terminate(): void
}

/** A WebSocket server scripted frame by frame, to test the client's side of the protocol. */
export async function startPeer(t: Test) {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: protocols => (protocols.has('talkie.v1') ? 'talkie.v1' : false),
  })
  await once(server, 'listening')
  const sockets = createInbox<PeerSocket>()
  server.on('connection', (socket, request) => sockets.put(toPeerSocket(socket, request.headers)))
  t.after(() => {
    for (const socket of server.clients) socket.terminate()
    return new Promise(resolve => server.close(resolve))
  })
  return {
    base_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** The client's next connection. */
    next: sockets.next,
  }
}

function toPeerSocket(socket: WebSocket, headers: { 'sec-websocket-protocol'?: string }): PeerSocket {
  const frames = createInbox<ClientFrame>()
  socket.on('message', data => frames.put(JSON.parse(data.toString())))
  return {
    protocols: (headers['sec-websocket-protocol'] ?? '').split(',').map(protocol => protocol.trim()),
    next: frames.next,
    async waiting() {
      socket.ping()
      await once(socket, 'pong')
      return frames.size
    },
    send: (...sent) => sent.forEach(frame => void socket.send(JSON.stringify(frame))),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
  }
}

export const EPOCH = 'epoch-1'

export const welcome = (room_id: string, seq: number, resumed: boolean, more: object = {}) => ({
  type: 'welcome',
  room_id,
  seq,
  epoch: EPOCH,
  online: ['minji'],
  online_count: 1,
  heartbeat_ms: 30_000,
  resumed,
  ...more,
})

export const time = (seq: number) => new Date(Date.UTC(2026, 0, 31, 9, 0, seq)).toISOString()

export const message = (room_id: string, seq: number, more: object = {}): EventFrames['message'] => ({
  type: 'message',
  seq,
  id: seq,
  room_id,
  username: 'minji',
  text: `text ${seq}`,
  created_at: time(seq),
  client_id: `c-${seq}`,
  ...more,
})

export const ack = (room_id: string, client_id: string, seq: number) => ({
  type: 'ack',
  room_id,
  client_id,
  seq,
  created_at: time(seq),
})
