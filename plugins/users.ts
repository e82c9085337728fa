import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { errors } from '../schemas/error.js'
import { type ProfileChange, publicPart, type User } from '../schemas/user.js'
import type { Store } from './store/index.js'

declare module 'fastify' {
  interface FastifyInstance {
    users: Users
  }
}

export type Users = ReturnType<typeof createUsers>
type ChangedListener = (user: User) => void

/** What users tell about themselves. */
export function createUsers(store: Store) {
  const listeners = new Set<ChangedListener>()

  /** @throws UserNotFound */
  async function read(username: string): Promise<User> {
    const found = await store.readUser(username)
    if (found === null) throw new errors.UserNotFound(username)
    return publicPart(found)
  }

  /** @returns the user after the change @throws UserNotFound */
  async function change(username: string, change: ProfileChange): Promise<User> {
    const found = await store.changeUser(username, change)
    if (found === null) throw new errors.UserNotFound(username)
    const user = publicPart(found)
    for (const listener of listeners) listener(user)
    return user
  }

  /** @param listener hears of each change made by this process; must not throw @returns what ends the listening */
  function onChanged(listener: ChangedListener) {
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }

  return { read, change, onChanged }
}

async function users(fastify: FastifyInstance) {
  fastify.decorate('users', createUsers(fastify.store))
}

export default fp(users, { name: 'users', dependencies: ['store'] })
