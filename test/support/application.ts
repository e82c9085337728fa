import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import app from '../../app.js'
import { type Environment, readConfig } from '../../plugins/config/index.js'
import { serverOptions } from '../../plugins/config/server-options.js'
import { quick } from './quick.js'

/** An empty folder of the test's own, gone after it. */
export function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'talkie-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * What a test runs with: nothing of the surrounding environment, `quick`, no log, a folder of its own. The database has
 * time: FerretDB on a busy machine takes longer for a command than anybody should wait for a message.
 */
export function environment(t: Test, env: Environment = {}): Environment {
  const DATA_DIR = env.DATA_DIR ?? temporaryFolder(t)
  return { DATA_DIR, LOG_LEVEL: 'silent', MONGODB_TIMEOUT_MS: '60000', ...quick, ...env }
}

interface BuildOptions {
  /** In place of the Fastify options that follow from the environment. */
  options?: FastifyServerOptions
  /** Runs before the application is loaded. */
  before?: (app: FastifyInstance) => void
  /** Runs when it is loaded and not yet ready: for a test's own routes. */
  after?: (app: FastifyInstance) => void
}

/** The whole application, ready, on a folder of its own unless `env` names one; closed after the test. */
export async function build(
  t: Test,
  env: Environment = {},
  { options, before, after }: BuildOptions = {},
): Promise<FastifyInstance> {
  const variables = environment(t, env)
  // However long the machine takes for a start; the test's own time limit ends what hangs.
  const fastify = Fastify({ ...serverOptions(readConfig(variables)), pluginTimeout: 0, ...options })
  t.after(() => fastify.close())
  before?.(fastify)
  await fastify.register(app, { env: variables })
  after?.(fastify)
  await fastify.ready()
  return fastify
}

export const PASSWORD = 'correct horse battery'

/** A new account. @returns its token, and the header that carries it */
export async function register(fastify: FastifyInstance, username: string, password = PASSWORD) {
  const answer = await fastify.inject({ method: 'POST', url: '/auth/register', payload: { username, password } })
  if (answer.statusCode !== 201) throw new Error(`${username} could not register: ${answer.body}`)
  const { token } = answer.json<{ token: string }>()
  return { username, token, headers: { authorization: `Bearer ${token}` } }
}
