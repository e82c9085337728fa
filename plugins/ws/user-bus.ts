import { randomUUID } from 'node:crypto'
import type { ServerFrame } from '../../schemas/frame.js'
import type { User } from '../../schemas/user.js'
import type { PubSub } from '../pubsub/index.js'

/** What the user bus needs of a socket. */
export interface Receiver {
  send(frame: ServerFrame): void
}

export type ProfileFrame = Pick<User, 'username' | 'display_name' | 'avatar_color' | 'status' | 'is_deleted'> & {
  type: 'profile'
}

export type UserBus = ReturnType<typeof createUserBus>

/**
 * Sends ephemeral frames to all sockets of a user, and profile changes to all servers. While the bus is down they stay
 * on this server.
 *
 * @param receiversOf the user's sockets on this server
 */
export function createUserBus(pubsub: PubSub, epoch: string, receiversOf: (username: string) => Iterable<Receiver>) {
  const server_id = randomUUID()
  const channelOf = (username: string) => `${epoch}:user:${username}`
  const profiles = `${epoch}:profiles`

  return {
    /** Delivers frames that other servers send to the user. @returns a function that ends the subscription */
    follow(username: string): () => void {
      const following = pubsub.subscribe(channelOf(username), bytes => {
        const { from, frame } = JSON.parse(Buffer.from(bytes).toString()) as { from: string; frame: ServerFrame }
        if (from !== server_id) for (const receiver of receiversOf(username)) receiver.send(frame)
      })
      return () => void following.then(end => end())
    },

    /** Sends a frame to all sockets of a user, on every server, except one. */
    toUser(username: string, frame: ServerFrame, except?: object) {
      for (const receiver of receiversOf(username)) if (receiver !== except) receiver.send(frame)
      pubsub.publish(channelOf(username), Buffer.from(JSON.stringify({ from: server_id, frame })))
    },

    publishProfile(frame: ProfileFrame) {
      pubsub.publish(profiles, Buffer.from(JSON.stringify(frame)))
    },

    /** @param listener called with changes from every server, this one included */
    onProfile(listener: (frame: ProfileFrame) => void) {
      return pubsub.subscribe(profiles, bytes => listener(JSON.parse(Buffer.from(bytes).toString())))
    },
  }
}
