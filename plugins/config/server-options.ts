import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { FastifyServerOptions } from 'fastify'
import type { Config } from '../../schemas/config.js'
import { limits } from '../../schemas/wire.js'
import { gatedServers } from '../connections/server.js'
import { answerBadAddress, answerBrokenRequest } from '../errors.js'
import { RequestLog } from '../request-log.js'
import { explain, reasonOf } from './reason.js'

/** Options that Fastify's factory needs before any plugin runs. @throws Error, one sentence, on unusable TLS files */
export function serverOptions(config: Config) {
  const options: FastifyServerOptions = {
    bodyLimit: limits.FRAME_BYTES_MAX,
    // Generous, because a busy machine or store slows the start down. It also bounds the drain, so DRAIN_MS is added.
    pluginTimeout: 60_000 + config.DRAIN_MS,
    // Unique across the logs of all servers; an id that the client sends is not trusted.
    genReqId: () => randomUUID(),
    // A slow or silent client loses its connection.
    requestTimeout: 30_000,
    // While sockets drain, HTTP is served until the listener closes; only /ready and new sockets get 503.
    return503OnClosing: false,
    serverFactory: gatedServers(),
    frameworkErrors: answerBadAddress,
    clientErrorHandler: answerBrokenRequest,
    logger: loggerOptions(config),
    logController: new RequestLog(),
  }
  if (config.TRUST_PROXY !== undefined) options.trustProxy = config.TRUST_PROXY
  const tls = readTls(config)
  return tls === null ? options : { ...options, https: tls }
}

/**
 * Queries, headers and bodies are never logged, because they contain search words, tokens, passwords and messages. If code
 * logs headers anyway, the secret ones are redacted.
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
      transport: {
        target: 'pino-pretty',
        // One line each, without what the message says already.
        options: { translateTime: 'SYS:HH:MM:ss', singleLine: true, ignore: 'pid,hostname,method,route,status,ms' },
      },
    }),
  }
}

/**
 * Reads certificate and key.
 * @returns null if none are configured
 * @throws Error, one sentence, if they cannot be read or do not belong together
 */
export function readTls(config: Config) {
  if (config.TLS_CERT_FILE === undefined || config.TLS_KEY_FILE === undefined) return null
  const cert = readPem('TLS_CERT_FILE', config.TLS_CERT_FILE)
  const key = readPem('TLS_KEY_FILE', config.TLS_KEY_FILE)
  try {
    createSecureContext({ cert, key })
  } catch {
    throw new Error('TLS_CERT_FILE and TLS_KEY_FILE must hold a certificate (PEM) and its key')
  }
  return { cert, key }
}

function readPem(name: string, path: string) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(`${name} names a file that cannot be read: ${path}: ${reasonOf(error) ?? explain(error)}`)
  }
}
