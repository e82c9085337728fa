import type { FastifyInstance } from 'fastify'
import { newUser } from '../../plugins/auth/accounts.js'

/** Stores users who cannot log in: capabilities take usernames, so their tests need no sessions. */
export async function addUsers(fastify: FastifyInstance, ...usernames: string[]): Promise<void> {
  for (const username of usernames) await fastify.store.createUser(newUser(username, ''))
}
