import type { RedisConnection } from '../redis/index.js'
import type { PubSub } from './pubsub.js'

/** Each message begins with the id of the server that published it, because Redis returns our own messages to us. */
const ID_BYTES = 36

/** The bus between processes. It consumes all messages of the connection; the caller closes the connection. */
export function createRedisPubSub(connection: RedisConnection): PubSub {
  const channels = new Map<string, { handlers: Set<(bytes: Uint8Array) => void>; subscribed: Promise<void> }>()
  const id = Buffer.from(connection.id)

  function deliver(channel: string, bytes: Uint8Array) {
    for (const handler of channels.get(channel)?.handlers ?? []) handler(bytes)
  }

  connection.onMessage = (channel, message) => {
    if (!message.subarray(0, ID_BYTES).equals(id)) deliver(channel, message.subarray(ID_BYTES))
  }

  return {
    description: connection.description,
    get state() {
      return connection.state
    },
    publish(channel, bytes) {
      deliver(channel, bytes)
      connection.publish(channel, Buffer.concat([id, bytes]))
    },
    async subscribe(channel, handler) {
      // A new function for each subscription, so that the same handler may subscribe twice.
      const own = (bytes: Uint8Array) => handler(bytes)
      const known = channels.get(channel)
      const { handlers, subscribed } = known ?? { handlers: new Set(), subscribed: connection.subscribe(channel) }
      channels.set(channel, { handlers: handlers.add(own), subscribed })
      await subscribed
      return () => {
        if (!handlers.delete(own) || handlers.size > 0) return
        channels.delete(channel)
        connection.unsubscribe(channel)
      }
    },
    async close() {
      for (const channel of channels.keys()) connection.unsubscribe(channel)
      channels.clear()
    },
  }
}
