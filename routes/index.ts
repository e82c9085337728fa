import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type {} from '@fastify/swagger'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Built by `static/build.ts`. */
const root = fileURLToPath(new URL('../static/public', import.meta.url))

/** File names carry no hash, so browsers must revalidate on each use. */
const setHeaders = (reply: FastifyReply) => void reply.header('cache-control', 'no-cache')

/** The browser page. Its URL names the room; the message, in the fragment behind `#`, never reaches the server. */
export default async function page(fastify: FastifyInstance) {
  await fastify.register(fastifyStatic, { root, prefix: '/assets/', index: false, cacheControl: false, setHeaders })
  const index = async (_: FastifyRequest, reply: FastifyReply) => reply.sendFile('index.html')
  const icon = async (_: FastifyRequest, reply: FastifyReply) => reply.sendFile('icon.svg')
  const worker = async (_: FastifyRequest, reply: FastifyReply) => reply.sendFile('worker.js')
  const schema = { hide: true }
  fastify.get('/', { schema }, index)
  fastify.get('/r/:id', { schema }, index)
  fastify.get('/browse', { schema }, index)
  fastify.get('/favicon.ico', { schema }, icon)
  // The scope of a service worker is the folder that it is served from.
  fastify.get('/worker.js', { schema }, worker)
}
