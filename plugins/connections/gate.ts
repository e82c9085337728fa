import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Budget } from '../budgets/index.js'
import { prices } from '../budgets/index.js'
import { slice } from './slices.js'

/** Requests of one connection that wait for the one before them. Browsers and proxies do not send any. */
const WAITING_MAX = 8

interface Connection {
  /** The answer that is not yet written; the next request begins after it. */
  answering: ServerResponse | null
  waiting: [IncomingMessage, ServerResponse][]
  unslice: () => void
}

/**
 * What stands between the network and the HTTP server.
 *
 * Requests of one connection are handled one after another, the next one when the answer before it was taken by the
 * kernel. So a client that does not read its answers gets no more of them, and what waits to be sent is bounded by one
 * answer a connection.
 */
export class Gate {
  readonly sockets = new Set<Socket>()
  /** Who pays for a connection before anything is known of it; null if it is a trusted proxy's. */
  payer: (socket: Socket) => Budget | null = () => null
  readonly #connections = new WeakMap<Socket, Connection>()

  /** Takes a new connection, of TLS after its handshake; or destroys it if its address is out of budget. */
  accept(socket: Socket, cost_us: number) {
    const budget = this.payer(socket)
    if (budget?.exhausted) return socket.destroy()
    budget?.charge(cost_us)
    this.sockets.add(socket)
    socket.once('close', () => this.sockets.delete(socket))
    this.#connections.set(socket, { answering: null, waiting: [], unslice: slice(socket) })
  }

  /** The connection speaks another protocol from here on. */
  upgraded(socket: Socket) {
    this.#connections.get(socket)?.unslice()
    this.#connections.delete(socket)
  }

  /** @returns a listener that hands requests of one connection on one after another */
  inTurn(handle: RequestListener): RequestListener {
    const begin = (connection: Connection, request: IncomingMessage, response: ServerResponse) => {
      connection.answering = response
      response.once('close', () => {
        connection.answering = null
        const next = connection.waiting.shift()
        if (next && !request.socket.destroyed) begin(connection, ...next)
      })
      handle(request, response)
    }
    return (request, response) => {
      const { socket } = request
      const connection = this.#connections.get(socket)
      if (!connection) return handle(request, response)
      if (socket.destroyed) return
      if (!connection.answering) return begin(connection, request, response)
      if (connection.waiting.length < WAITING_MAX) return void connection.waiting.push([request, response])
      this.payer(socket)?.charge(WAITING_MAX * prices.request)
      connection.waiting = []
      socket.destroy()
    }
  }
}
