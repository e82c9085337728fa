import { fileURLToPath } from 'node:url'
import autoload from '@fastify/autoload'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Environment, readConfig } from './plugins/config/index.js'
import { serverOptions } from './plugins/config/server-options.js'

/** Options for Fastify's factory, read by `fastify start -o` and `server.ts`. */
export const options = serverOptions(readConfig(process.env))

/** @param opts.env replaces the process's environment; create the instance with the `serverOptions` of the same one */
async function app(fastify: FastifyInstance, opts: { env?: Environment }) {
  const folder = (name: string) => fileURLToPath(new URL(name, import.meta.url))
  const rest = { options: { env: opts.env ?? process.env }, forceESM: true }
  await fastify.register(autoload, { dir: folder('plugins'), maxDepth: 1, dirNameRoutePrefix: false, ...rest })
  await fastify.register(autoload, {
    dir: folder('routes'),
    routeParams: true,
    // Every file is a route: `rooms/_id/index.ts` must not shadow `rooms/_id/members.ts`.
    indexPattern: /^$/,
    autoHooks: true,
    cascadeHooks: true,
    ...rest,
  })
}

export default fp(app, { name: 'app' })
