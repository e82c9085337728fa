import type { RedisLink } from '../redis/index.js'
import type { PubSub } from './pubsub.js'

/** The id of the server that published, before what it published: for Redis brings our own messages back to us. */
const ID_BYTES = 36

/** The bus of many processes. The link's messages are the bus's from now on; closing the link is its owner's. */
export function createRedisPubSub(link: RedisLink): PubSub {
  const channels = new Map<string, { handlers: Set<(bytes: Uint8Array) => void>; listening: Promise<void> }>()
  const id = Buffer.from(link.id)

  function deliver(channel: string, bytes: Uint8Array) {
    for (const handler of channels.get(channel)?.handlers ?? []) handler(bytes)
  }

  link.heard = (channel, message) => {
    if (!message.subarray(0, ID_BYTES).equals(id)) deliver(channel, message.subarray(ID_BYTES))
  }

  return {
    description: link.description,
    get state() {
      return link.state
    },
    publish(channel, bytes) {
      deliver(channel, bytes)
      link.publish(channel, Buffer.concat([id, bytes]))
    },
    async subscribe(channel, handler) {
      // Each subscription has a function of its own, so that the same handler may subscribe twice.
      const own = (bytes: Uint8Array) => handler(bytes)
      const { handlers, listening } = channels.get(channel) ?? { handlers: new Set(), listening: link.listen(channel) }
      channels.set(channel, { handlers: handlers.add(own), listening })
      await listening
      return () => {
        if (!handlers.delete(own) || handlers.size > 0) return
        channels.delete(channel)
        link.ignore(channel)
      }
    },
    async close() {
      for (const channel of channels.keys()) link.ignore(channel)
      channels.clear()
    },
  }
}
