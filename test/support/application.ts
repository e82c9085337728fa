import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import app from '../../app.js'
import { type Environment, readConfig } from '../../plugins/config/index.js'
import { serverOptions } from '../../plugins/config/server-options.js'
import { quick } from './quick.js'

/** An empty temporary folder, deleted after the test. */
export function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'talkie-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * Environment of a test: nothing inherited, `quick`, no log, a temporary folder. Database timeouts are long, because
 * FerretDB on a busy machine takes longer for a command than production should allow.
 */
export function environment(t: Test, env: Environment = {}): Environment {
  const DATA_DIR = env.DATA_DIR ?? temporaryFolder(t)
  return { DATA_DIR, LOG_LEVEL: 'silent', MONGODB_TIMEOUT_MS: '60000', ...quick, ...env }
}

interface BuildOptions {
  /** Overrides the Fastify options derived from the environment. */
  options?: FastifyServerOptions
  /** Runs before the application is loaded. */
  before?: (app: FastifyInstance) => void
  /** Runs after loading and before `ready`, to add a test's own routes. */
  after?: (app: FastifyInstance) => void
}

/** The whole application, ready, on a temporary folder unless `env` names one; closed after the test. */
export async function build(
  t: Test,
  env: Environment = {},
  { options, before, after }: BuildOptions = {},
): Promise<FastifyInstance> {
  const variables = environment(t, env)
  // No plugin timeout, because the machine may be slow; the test's own timeout ends a start that hangs.
  const fastify = Fastify({ ...serverOptions(readConfig(variables)), pluginTimeout: 0, ...options })
  t.after(() => fastify.close())
  before?.(fastify)
  await fastify.register(app, { env: variables })
  after?.(fastify)
  await fastify.ready()
  return fastify
}

export const PASSWORD = 'correct horse battery'

/** Registers an account. @returns its token, and the request header with the token */
export async function register(fastify: FastifyInstance, username: string, password = PASSWORD) {
  const answer = await fastify.inject({ method: 'POST', url: '/auth/register', payload: { username, password } })
  if (answer.statusCode !== 201) throw new Error(`${username} could not register: ${answer.body}`)
  const { token } = answer.json<{ token: string }>()
  return { username, token, headers: { authorization: `Bearer ${token}` } }
}
