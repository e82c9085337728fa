import { EventEmitter } from 'node:events'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { errors } from '../schemas/error.js'
import { type Profile, type ProfileChange, publicPart, type User } from '../schemas/user.js'
import type { Presence } from './presence/index.js'
import type { Store } from './store/index.js'

declare module 'fastify' {
  interface FastifyInstance {
    users: Users
  }
}

export type Users = ReturnType<typeof createUsers>

/** Changes made by this process. Listeners must not throw. */
interface UserEvents {
  /** The user after a change of the profile. */
  changed: [user: User]
}

/** Users and their profiles. */
export function createUsers(store: Store, presence: Pick<Presence, 'isOnline'>) {
  const events = new EventEmitter<UserEvents>()

  /** @throws UserNotFound */
  async function read(username: string): Promise<User> {
    const found = await store.readUser(username)
    if (found === null) throw new errors.UserNotFound(username)
    return publicPart(found)
  }

  async function withPresence(user: User): Promise<Profile> {
    return { ...user, online: await presence.isOnline(user.username) }
  }

  return {
    events,
    read,

    /** @throws UserNotFound */
    profile: async (username: string): Promise<Profile> => withPresence(await read(username)),

    /** @returns the profile after the change @throws UserNotFound */
    async change(username: string, change: ProfileChange): Promise<Profile> {
      const { avatar_color } = change
      const found = await store.changeUser(username, {
        ...change,
        ...(avatar_color !== undefined && { avatar_color: avatar_color.toLowerCase() }),
      })
      if (found === null) throw new errors.UserNotFound(username)
      const user = publicPart(found)
      events.emit('changed', user)
      return withPresence(user)
    },
  }
}

async function users(fastify: FastifyInstance) {
  fastify.decorate('users', createUsers(fastify.store, fastify.presence))
}

export default fp(users, { name: 'users', dependencies: ['store', 'presence'] })
