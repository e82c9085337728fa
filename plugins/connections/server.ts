import http, { type RequestListener, type Server } from 'node:http'
import https, { type ServerOptions } from 'node:https'
import type { Socket } from 'node:net'
import type { FastifyServerOptions } from 'fastify'
import { prices } from '../budgets/index.js'
import { Gate } from './gate.js'

declare module 'node:http' {
  interface Server {
    /** The gate before this server, and before the others of the same application (`localhost` is two addresses). */
    gate: Gate
  }
}

/** A request whose head is not there by then is answered 408, ms; so is a connection that says nothing. */
const HEAD_MS = 10_000
/** How often that is checked, ms. */
const CHECK_MS = 2000

/** @returns Fastify's `serverFactory`: servers as Fastify would make them, behind one gate */
export function gatedServers(): NonNullable<FastifyServerOptions['serverFactory']> {
  const gate = new Gate()
  return ((handle: RequestListener, options: FastifyServerOptions & { https?: ServerOptions | null }) => {
    const limits = {
      headersTimeout: HEAD_MS,
      connectionsCheckingInterval: CHECK_MS,
      // The `requests` plugin answers these, since Node would without a body and without headers of ours.
      requireHostHeader: false,
    }
    const listener = gate.inTurn(handle)
    const tls = options.https
    const server = (
      tls ? https.createServer({ ...tls, ...limits }, listener) : http.createServer(limits, listener)
    ) as Server
    server.gate = gate
    if (options.keepAliveTimeout !== undefined) server.keepAliveTimeout = options.keepAliveTimeout
    if (options.requestTimeout !== undefined) server.requestTimeout = options.requestTimeout
    takeConnections(server, gate, Boolean(tls))
    // An `Expect` that we do not know is ignored; Node would answer 417 itself.
    server.on('checkExpectation', listener)
    // Before the plugin that upgrades.
    server.on('upgrade', request => gate.upgraded(request.socket))
    return server
  }) as unknown as NonNullable<FastifyServerOptions['serverFactory']>
}

/** Lets the gate decide when the server takes a connection: it is not set up, and TLS is not spoken, before it is paid. */
function takeConnections(server: Server, gate: Gate, tls: boolean) {
  const take = server.listeners('connection')
  server.removeAllListeners('connection')
  // Without a listener of ours Node's parser would read from the handle itself, past the gate.
  const readByListener = (socket: Socket) => socket.on('data', () => {})
  server.on('connection', (socket: Socket) => {
    if (!tls) gate.open(socket)
    gate.accept(socket, prices.connection + (tls ? prices.tls_handshake : 0), () => {
      for (const listener of take) listener.call(server, socket)
      if (!tls) readByListener(socket)
    })
  })
  if (!tls) return
  server.on('secureConnection', socket => {
    gate.open(socket)
    readByListener(socket)
  })
}
