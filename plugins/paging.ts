import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyReply {
    /** Sets the header `Link`: this request's URL with another cursor. @param cursor undefined on the last page */
    linkNext(cursor: Record<string, string | number> | undefined): void
  }
}

function linkNext(this: FastifyReply, cursor: Record<string, string | number> | undefined) {
  if (cursor === undefined) return
  const { url, query } = this.request
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...(query as object), ...cursor })) search.set(name, String(value))
  this.header('link', `<${url.split('?')[0]}?${search}>; rel="next"`)
}

/** How lists lead to their next page. */
async function paging(fastify: FastifyInstance) {
  fastify.decorateReply('linkNext', linkNext)
}

export default fp(paging, { name: 'paging' })
