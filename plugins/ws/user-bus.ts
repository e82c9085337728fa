import { randomUUID } from 'node:crypto'
import type { ServerFrame } from '../../schemas/frame.js'
import type { User } from '../../schemas/user.js'
import type { PubSub } from '../pubsub/index.js'
import type { Session } from './client.js'
import type { Hub } from './hub.js'

export type ProfileFrame = Pick<User, 'username' | 'display_name' | 'avatar_color' | 'status'> & { type: 'profile' }

/**
 * What reaches a user's sockets, or the rooms where a user is online, on every server: what is worth telling at once and
 * not worth keeping. With the bus down it stays on this server.
 */
export function createAcross(pubsub: PubSub, epoch: string) {
  const server_id = randomUUID()
  const channelOf = (username: string) => `${epoch}:user:${username}`
  const profiles = `${epoch}:profiles`

  return {
    /** @returns what ends the following of frames for the user's sockets, from other servers */
    followUser(username: string, sessions: (username: string) => Iterable<Session>): () => void {
      const following = pubsub.subscribe(channelOf(username), bytes => {
        const { from, frame } = JSON.parse(Buffer.from(bytes).toString()) as { from: string; frame: ServerFrame }
        if (from !== server_id) for (const session of sessions(username)) session.send(frame)
      })
      return () => void following.then(end => end())
    },

    toUser(hub: Hub, username: string, frame: ServerFrame, but?: Session) {
      for (const session of hub.sessionsOf(username)) if (session !== but) session.send(frame)
      pubsub.publish(channelOf(username), Buffer.from(JSON.stringify({ from: server_id, frame })))
    },

    tellProfile(frame: ProfileFrame) {
      pubsub.publish(profiles, Buffer.from(JSON.stringify(frame)))
    },

    /** Hears of changes made here, too. */
    onProfile(tell: (frame: ProfileFrame) => void) {
      return pubsub.subscribe(profiles, bytes => tell(JSON.parse(Buffer.from(bytes).toString())))
    },
  }
}
