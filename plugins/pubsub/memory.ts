import type { PubSub } from './pubsub.js'

/** The bus within one process. */
export function createMemoryPubSub(): PubSub {
  const channels = new Map<string, Set<(bytes: Uint8Array) => void>>()
  return {
    description: 'memory',
    state: 'up',
    publish(channel, bytes) {
      for (const handler of channels.get(channel) ?? []) handler(bytes)
    },
    async subscribe(channel, handler) {
      // A new function for each subscription, so that the same handler may subscribe twice.
      const own = (bytes: Uint8Array) => handler(bytes)
      const handlers = channels.get(channel) ?? new Set()
      channels.set(channel, handlers.add(own))
      return () => {
        handlers.delete(own)
        if (handlers.size === 0 && channels.get(channel) === handlers) channels.delete(channel)
      }
    },
    async close() {
      channels.clear()
    },
  }
}
