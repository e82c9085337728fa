import { existsSync, readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type {} from '@fastify/swagger'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Built by `static/build.ts`. */
const root = fileURLToPath(new URL('../static/public', import.meta.url))

/** Files whose name carries a hash of their content. */
const HASHED = /-\w{8}\.(?:js|css)$/
/** The files that the page itself names: its script and its style sheet. */
const ENTRY = /^(?:main|page)-/
const IMMUTABLE = 'public, max-age=31536000, immutable'

/** A file never changes under its hashed name; browsers must revalidate everything else on each use. */
function setHeaders(reply: FastifyReply, path: string) {
  const file = basename(path).replace(/\.(?:br|gz)$/, '')
  const asked = basename(reply.request.url.split('?', 1)[0] as string)
  reply.header('cache-control', HASHED.test(file) && asked === file ? IMMUTABLE : 'no-cache')
}

/** The browser page. Its URL names the room; the message, in the fragment behind `#`, never reaches the server. */
export default async function page(fastify: FastifyInstance) {
  await fastify.register(fastifyStatic, {
    ...{ root, prefix: '/assets/', index: false, cacheControl: false, setHeaders },
    preCompressed: true,
  })
  const index = async (_: FastifyRequest, reply: FastifyReply) => reply.sendFile('index.html')
  const icon = async (_: FastifyRequest, reply: FastifyReply) => reply.sendFile('icon.svg')
  const worker = async (_: FastifyRequest, reply: FastifyReply) => reply.sendFile('worker.js')
  const entries = existsSync(root) ? readdirSync(root).filter(name => HASHED.test(name) && ENTRY.test(name)) : []
  const schema = { hide: true }
  // While servers of two versions run behind one address, a page of one may ask the other for its files. A lazy script
  // of another version is not found instead: it would not fit the page, which offers to reload.
  for (const name of entries) {
    const [stem, ending] = [name.slice(0, 'main'.length), name.slice(name.lastIndexOf('.'))]
    fastify.get(`/assets/${stem}-:hash${ending}`, { schema }, async (_, reply) => reply.sendFile(name))
  }
  fastify.get('/', { schema }, index)
  fastify.get('/r/:id', { schema }, index)
  fastify.get('/browse', { schema }, index)
  fastify.get('/administration', { schema }, index)
  fastify.get('/reset', { schema }, index)
  fastify.get('/i', { schema }, index)
  fastify.get('/favicon.ico', { schema }, icon)
  // The scope of a service worker is the folder that it is served from.
  fastify.get('/worker.js', { schema }, worker)
}
