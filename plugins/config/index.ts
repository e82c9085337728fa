import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import type { ErrorObject } from 'ajv'
import { envSchema } from 'env-schema'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Config } from '../../schemas/config.js'
import { explain, reasonOf } from './reason.js'
import { readRedisAddress } from './redis-address.js'

declare module 'fastify' {
  interface FastifyInstance {
    config: Config & { HOST: string; JWT_SECRET: string }
  }
}

export type Environment = Record<string, string | undefined>

const SECRET_BYTES_MIN = 32

/**
 * Reads the configuration from `env` and applies defaults. Writes and opens nothing.
 * @throws Error whose message is one sentence that names the variable but never its value, which may be secret
 */
export function readConfig(env: Environment): Config & { HOST: string } {
  const data = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()))
  const config = validate(data)
  const isProd = config.IS_DEV === 'prod'
  if (isProd && config.JWT_SECRET === undefined) throw new Error('JWT_SECRET must be set if IS_DEV is prod')
  if (config.REDIS_ADDR !== undefined && config.MONGODB_URI === undefined) {
    throw new Error('REDIS_ADDR connects several servers, which need a shared store: set MONGODB_URI too, or neither')
  }
  readRedisAddress(config)
  if ((config.TLS_CERT_FILE === undefined) !== (config.TLS_KEY_FILE === undefined)) {
    throw new Error('TLS_CERT_FILE and TLS_KEY_FILE must be set together')
  }
  if (!list(config.ALLOWED_ORIGINS).every(isOrigin)) {
    throw new Error('ALLOWED_ORIGINS must list origins such as https://chat.example.org, separated by commas')
  }
  if (!list(config.ALLOWED_HOSTS).every(isHostName)) {
    throw new Error('ALLOWED_HOSTS must list host names such as chat.example.org, without ports, separated by commas')
  }
  if (!list(config.TRUST_PROXY).every(isNetwork)) {
    throw new Error('TRUST_PROXY must list addresses or networks such as 10.0.0.0/8, separated by commas')
  }
  return { ...config, HOST: config.HOST ?? (isProd ? '0.0.0.0' : '127.0.0.1') }
}

/** Splits a comma-separated variable. */
export function list(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
}

function validate(data: Environment): Config {
  try {
    return envSchema<Config>({ schema: Config, data, env: false })
  } catch (error) {
    const [first] = (error as { errors?: ErrorObject[] }).errors ?? []
    if (first === undefined) throw error
    const name = first.instancePath.slice(1) as keyof Config
    const fault = ['const', 'pattern'].includes(first.keyword) ? 'is not valid' : first.message
    throw new Error(`${name} ${fault} (${Config.properties[name].description})`)
  }
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text
}

const isHostName = (text: string) => /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(text)

function isNetwork(text: string): boolean {
  const [address = '', bits, more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || more !== undefined) return false
  return bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

/** The development secret, generated once and kept in the folder so that tokens survive a restart. */
function keepSecret(folder: string): string {
  const file = join(folder, 'jwt-secret')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(file, randomBytes(SECRET_BYTES_MIN).toString('base64url'), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !existsSync(file))
      throw new Error(`DATA_DIR names a folder that is not writable: ${explain(error)}`)
  }
  return readSecret(file)
}

function readSecret(file: string): string {
  let secret: string
  try {
    secret = readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new Error(`DATA_DIR holds a jwt-secret that cannot be read: ${reasonOf(error) ?? explain(error)}`)
  }
  if (Buffer.byteLength(secret) < SECRET_BYTES_MIN) {
    throw new Error('DATA_DIR holds a jwt-secret that is too short: delete it to have a new one generated')
  }
  return secret
}

async function config(fastify: FastifyInstance, opts: { env?: Environment }) {
  const read = readConfig(opts.env ?? process.env)
  const secret = read.JWT_SECRET ?? keepSecret(read.DATA_DIR)
  fastify.decorate('config', { ...read, JWT_SECRET: secret })
  const source =
    read.JWT_SECRET === undefined ? `generated for development and stored in ${read.DATA_DIR}` : 'from JWT_SECRET'
  fastify.log.info(`JWT secret: ${source}`)
}

export default fp(config, { name: 'config' })
