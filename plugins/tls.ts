import type { Server } from 'node:https'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { readTls } from './config/server-options.js'

/** Interval at which the files are read, ms. Modification times are not enough: a renewal may copy, move or link the files. */
export const LOOK_MS = 2000

/**
 * Serves a renewed certificate to new connections without a restart. A pair that cannot be served is logged once, and the
 * old one stays in use. (HOST=localhost listens on two addresses; the second keeps its first certificate.)
 */
async function tls(fastify: FastifyInstance) {
  const { config, log } = fastify
  let served = readTls(config)
  if (served === null) return
  // Fastify's type does not know that this server speaks TLS.
  const server = fastify.server as unknown as Server
  let fault = ''

  function look() {
    try {
      const found = readTls(config)
      fault = ''
      if (found === null || (found.cert === served?.cert && found.key === served?.key)) return
      server.setSecureContext(found)
      served = found
      log.info('TLS certificate reloaded')
    } catch (error) {
      const { message } = error as Error
      if (message !== fault) log.error(`TLS certificate not reloaded, still using the old one: ${message}`)
      fault = message
    }
  }

  const timer = setInterval(look, LOOK_MS)
  timer.unref()
  fastify.addHook('onClose', async () => clearInterval(timer))
}

export default fp(tls, { name: 'tls', dependencies: ['config'] })
