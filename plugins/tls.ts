import type { Server } from 'node:https'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { readTls } from './config/server-options.js'

/** How often the files are looked at. Their times tell little: who renews a certificate may copy, move or link it. */
export const LOOK_MS = 2000

/**
 * A renewed certificate is served without a restart, to connections made from then on. What cannot be served is told
 * once, and the old one stays. (With HOST=localhost, which is two addresses, the second one keeps what it began with.)
 */
async function tls(fastify: FastifyInstance) {
  const { config, log } = fastify
  let served = readTls(config)
  if (served === null) return
  // Fastify's type does not tell that it speaks TLS.
  const server = fastify.server as unknown as Server
  let fault = ''

  function look() {
    try {
      const found = readTls(config)
      fault = ''
      if (found === null || (found.cert === served?.cert && found.key === served?.key)) return
      server.setSecureContext(found)
      served = found
      log.info('TLS: serving a new certificate')
    } catch (error) {
      const { message } = error as Error
      if (message !== fault) log.error(`TLS: the old certificate stays: ${message}`)
      fault = message
    }
  }

  const timer = setInterval(look, LOOK_MS)
  timer.unref()
  fastify.addHook('onClose', async () => clearInterval(timer))
}

export default fp(tls, { name: 'tls', dependencies: ['config'] })
