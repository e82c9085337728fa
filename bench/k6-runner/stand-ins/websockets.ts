import { WebSocket as Socket } from 'ws'
import { figureOf } from '../registry.js'

const sessions = figureOf('ws_sessions', 'counter')

/** k6's WebSocket is a browser's, but takes headers, and before k6 2.3 it has no constants for the states. */
export class WebSocket extends Socket {
  constructor(url: string, _protocols?: null, params?: { headers?: Record<string, string> } | null) {
    super(url, [], { headers: params?.headers ?? {}, perMessageDeflate: false })
    sessions.add(1)
    // Without a listener, an error would end the process.
    this.on('error', () => {})
  }
}

for (const state of ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED']) {
  for (const at of [WebSocket, WebSocket.prototype]) Object.defineProperty(at, state, { value: undefined })
}
