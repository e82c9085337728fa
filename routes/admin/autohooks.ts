import type { FastifyInstance } from 'fastify'
import { errors } from '../../schemas/error.js'

/**
 * Only administrators learn what is below `/admin`: for everybody else these paths do not exist. Acts are checked again
 * at the moment of the write.
 */
export default async (fastify: FastifyInstance) => {
  fastify.addHook('onRequest', async ({ identity, identityFault }) => {
    if (identityFault instanceof errors.StoreUnavailable) throw identityFault
    await fastify.administration.assertAdmin(identity)
  })
}
