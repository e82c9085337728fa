import { BlockList, isIPv6 } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { rateLimited } from '../../schemas/error.js'
import { type Budget, prices } from '../budgets/index.js'
import { list } from '../config/index.js'
import { watchUnsent } from './unsent.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Bytes that wait to be sent to all clients, and connections destroyed because their clients did not read. */
    unsent: { bytes: number; destroyed: number }
  }
}

/** HTTP is paid for: by the account if the request has one, else by the address. */
async function connections(fastify: FastifyInstance) {
  const { budgets, config, limits } = fastify
  const { gate } = fastify.server
  const isTrusted = addressesOf(list(config.TRUST_PROXY))
  gate.payer = ({ remoteAddress }) =>
    remoteAddress === undefined || isTrusted(remoteAddress) ? null : budgets.ofAddress(normalizeIP(remoteAddress))

  const watch = watchUnsent(gate.sockets)
  fastify.decorate('unsent', watch.figures)
  fastify.addHook('onClose', async () => watch.close())

  const payerOf = (request: FastifyRequest): Budget =>
    request.identity ? budgets.ofAccount(request.identity.username) : budgets.ofAddress(limits.addressOf(request))

  fastify.addHook('onRequest', async (request, reply) => {
    const budget = payerOf(request)
    if (budget.exhausted) {
      if (budget.abused) reply.header('connection', 'close')
      throw rateLimited(budget.wait_ms())
    }
    const wait_ms = budget.charge(prices.request + (request.identityFault ? prices.bad_token : 0))
    if (wait_ms > 0) await sleep(wait_ms)
  })
  fastify.addHook('preParsing', async (request, _reply, payload) => {
    const length = Number(request.headers['content-length'] ?? 0)
    if (length > 0) payerOf(request).charge(length * prices.parsed_byte)
    return payload
  })
  fastify.addHook('onSend', async (request, _reply, payload) => {
    if (typeof payload === 'string' || Buffer.isBuffer(payload)) {
      payerOf(request).charge(Buffer.byteLength(payload) * prices.encoded_byte)
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
