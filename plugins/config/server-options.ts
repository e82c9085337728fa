import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { FastifyServerOptions } from 'fastify'
import type { Config } from '../../schemas/config.js'
import { limits } from '../../schemas/wire.js'
import { gatedServers } from '../connections/server.js'
import { answerBadAddress, answerBrokenRequest } from '../errors.js'

/** What must be said to Fastify's factory, before any plugin runs. @throws Error, one sentence, on unusable TLS files */
export function serverOptions(config: Config) {
  const options: FastifyServerOptions = {
    bodyLimit: limits.FRAME_BYTES_MAX,
    // On a busy machine, or on a store that is busy itself, a start takes as long as it takes; and a drain, which this
    // bounds too, at least as long as it was told to.
    pluginTimeout: 60_000 + config.DRAIN_MS,
    // An id that is unique among all servers' log lines; a client's own is not taken over.
    genReqId: () => randomUUID(),
    // A slow or silent client gives its connection back.
    requestTimeout: 30_000,
    // While sockets drain, HTTP goes on until the listener closes; only /ready and new sockets answer 503.
    return503OnClosing: false,
    serverFactory: gatedServers(),
    frameworkErrors: answerBadAddress,
    clientErrorHandler: answerBrokenRequest,
    logger: loggerOptions(config),
  }
  if (config.TRUST_PROXY !== undefined) options.trustProxy = config.TRUST_PROXY
  const tls = readTls(config)
  return tls === null ? options : { ...options, https: tls }
}

/**
 * Lines tell method, path and status. Queries, headers and bodies are not in them, for these hold search words, tokens,
 * passwords and what people say; should anybody log headers all the same, the secret ones are redacted.
 */
function loggerOptions(config: Config) {
  if (config.LOG_LEVEL === 'silent') return false
  const secret = ['authorization', 'cookie', 'sec-websocket-protocol', 'set-cookie']
  return {
    level: config.LOG_LEVEL,
    redact: ['', 'req.', 'res.', 'request.', 'reply.'].flatMap(at => secret.map(name => `${at}headers["${name}"]`)),
    serializers: {
      req: (request: { method: string; url: string; ip: string }) => ({
        method: request.method,
        path: request.url.split('?', 1)[0],
        address: request.ip,
      }),
    },
    ...(config.IS_DEV === 'dev' && {
      transport: { target: 'pino-pretty', options: { translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' } },
    }),
  }
}

/**
 * Certificate and key, read now; null where the configuration names none.
 * @throws Error, one sentence, where they cannot be read or do not belong together
 */
export function readTls(config: Config) {
  if (config.TLS_CERT_FILE === undefined || config.TLS_KEY_FILE === undefined) return null
  const cert = readPem('TLS_CERT_FILE', config.TLS_CERT_FILE)
  const key = readPem('TLS_KEY_FILE', config.TLS_KEY_FILE)
  try {
    createSecureContext({ cert, key })
  } catch {
    throw new Error('TLS_CERT_FILE and TLS_KEY_FILE must hold a certificate (PEM) and the key that belongs to it')
  }
  return { cert, key }
}

function readPem(name: string, path: string) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(`${name} names a file that cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}
