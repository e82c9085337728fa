import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Budget, free, prices } from '../budgets/index.js'
import { linger } from './linger.js'
import { slice } from './slices.js'

/** Requests of one connection that wait for the one before them. Browsers and proxies do not send any. */
const WAITING_MAX = 8

interface Connection {
  /** Pays for bytes and heads of requests, before it is known whose they are. */
  payer: Budget
  /** The answer that is not yet written; the next request begins after it. */
  answering: ServerResponse | null
  waiting: [IncomingMessage, ServerResponse][]
}

/**
 * What stands between the network and the HTTP server.
 *
 * The bytes of a connection are parsed in slices, each when its payer's turn has come. Requests of one connection are
 * handled one after another, the next one when the answer before it was taken by the kernel. So a client that does not
 * read its answers gets no more of them, and what waits to be sent is bounded by one answer a connection.
 */
export class Gate {
  readonly sockets = new Set<Socket>()
  /** The payer of a connection of which nothing is known yet; the `connections` plugin replaces it. */
  payer: (socket: Socket) => Budget = () => free
  readonly #connections = new WeakMap<Socket, Connection>()

  /**
   * Takes a new connection when its payer's turn has come; or destroys it if that address is out of budget.
   * @param serve hands it on to the server
   */
  accept(socket: Socket, cost_us: number, serve: () => void) {
    // Nobody else listens yet; `close` follows.
    socket.on('error', () => {})
    const payer = this.payer(socket)
    if (payer.exhausted) {
      payer.refuse('connection')
      return socket.destroy()
    }
    const turn = payer.turn(cost_us)
    if (turn === null) return serve()
    turn.then(
      () => socket.destroyed || serve(),
      () => socket.destroy(),
    )
  }

  /** A connection, of TLS after its handshake, whose bytes are HTTP. To be called before anything of it is read. */
  open(socket: Socket) {
    const connection: Connection = { payer: this.payer(socket), answering: null, waiting: [] }
    this.sockets.add(socket)
    // Before Node's own listener.
    socket.prependOnceListener('close', () => {
      this.sockets.delete(socket)
      drop(connection)
    })
    this.#connections.set(socket, connection)
    // Node calls this after the last answer, even in the middle of a request's body.
    const destroySoon = socket.destroySoon.bind(socket)
    socket.destroySoon = () => (connection.answering?.req.complete === false ? linger(socket) : destroySoon())
    slice(socket, {
      first: () => connection.payer.turn(prices.slice),
      next: () => connection.payer.inLine(prices.slice),
    })
  }

  /** The connection speaks another protocol from here on, whose frames the account pays for. */
  upgraded(socket: Socket) {
    const connection = this.#connections.get(socket)
    if (connection) connection.payer = free
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
      connection.payer.charge(prices.head)
      if (socket.destroyed) return void request.destroy()
      if (!connection.answering) return begin(connection, request, response)
      if (connection.waiting.length < WAITING_MAX) return void connection.waiting.push([request, response])
      connection.payer.charge(prices.overflow)
      drop(connection)
      request.destroy()
      socket.destroy()
    }
  }
}

/** Without this, Node would destroy each request with an error, whose stack trace costs half a millisecond. */
function drop(connection: Connection) {
  for (const [request] of connection.waiting.splice(0)) request.destroy()
}
