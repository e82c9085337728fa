import { BlockList, isIPv6 } from 'node:net'
import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { limits as wire } from '../../schemas/wire.js'
import { type Budget, free, prices } from '../budgets/index.js'
import { list } from '../config/index.js'
import { watchUnsent } from './unsent.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Bytes that wait to be sent to all clients, and connections destroyed because their clients did not read. */
    unsent: { bytes: number; destroyed: number }
  }
  interface FastifyRequest {
    /**
     * Takes the price of work that is about to be done for this request from the budget of its payer. @param cost_us µs of
     * the main thread @returns null, or what resolves when the work may begin, as `Budget.turn`
     */
    turn(cost_us: number): Promise<void> | null
  }
}

/** HTTP is paid for: by the account if the request has one, else by the address. */
async function connections(fastify: FastifyInstance) {
  const { budgets, config, limits } = fastify
  const { gate } = fastify.server
  const isTrusted = addressesOf(list(config.TRUST_PROXY))
  gate.payer = ({ remoteAddress }) =>
    remoteAddress === undefined || isTrusted(remoteAddress) ? free : budgets.ofAddress(normalizeIP(remoteAddress))

  const watch = watchUnsent(gate.sockets)
  fastify.decorate('unsent', watch.figures)
  fastify.addHook('onClose', async () => watch.close())

  const payerOf = (request: FastifyRequest): Budget =>
    request.identity ? budgets.ofAccount(request.identity.username) : budgets.ofAddress(limits.addressOf(request))

  fastify.decorateRequest('turn', function (this: FastifyRequest, cost_us: number) {
    return payerOf(this).turn(cost_us)
  })

  fastify.addHook('onRequest', async (request, reply) => {
    const budget = payerOf(request)
    if (budget.exhausted) {
      if (budget.abused) reply.header('connection', 'close')
      throw budget.refuse('request')
    }
    await budget.turn(prices.request + (request.identityFault ? prices.bad_token : 0))
  })
  fastify.addHook('preParsing', async (request, _reply, payload) => {
    const { 'content-length': length, 'transfer-encoding': chunked } = request.headers
    const bytes = chunked === undefined ? Number(length ?? 0) : wire.FRAME_BYTES_MAX
    if (bytes > 0) await request.turn(bytes * prices.parsed_byte)
    return payload
  })
  fastify.addHook('onSend', async (request, reply, payload) => {
    if (reply.statusCode >= 400) payerOf(request).charge(prices.failed)
    if (typeof payload === 'string' || Buffer.isBuffer(payload)) {
      payerOf(request).charge(Buffer.byteLength(payload) * prices.answered_byte)
    } else if (payload !== null && payload !== undefined) {
      payerOf(request).charge(prices.file)
    }
    return payload
  })
}

/** @param networks addresses and networks, as TRUST_PROXY lists them */
function addressesOf(networks: string[]) {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return (address: string) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

export default fp(connections, { name: 'connections', dependencies: ['config', 'budgets', 'auth', 'rate-limit'] })
