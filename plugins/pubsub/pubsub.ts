/**
 * The channel bus between servers. It only reduces latency: everything that must not be lost is in the store, from
 * which subscribers repair gaps.
 *
 * Guarantees: a message reaches this process's own handlers exactly once, before `publish` returns. Handlers of other
 * processes may get it late, out of order, more than once or never, and no error tells so.
 */
export interface PubSub {
  /** `memory` or `redis` with its address; for logs. */
  readonly description: string
  /** Whether messages currently reach other processes, as far as known. */
  readonly state: 'up' | 'down'
  /** Never throws or blocks. The bytes must not be changed afterwards. */
  publish(channel: string, bytes: Uint8Array): void
  /** Resolves when the handler is registered. A handler must not throw. @returns a function that unsubscribes */
  subscribe(channel: string, handler: (bytes: Uint8Array) => void): Promise<() => void>
  close(): Promise<void>
}
