/**
 * The channel bus between servers. It only makes things fast: what must not be lost is in the store, and whoever
 * listens repairs gaps from there.
 *
 * What is promised: a message reaches this process's own handlers exactly once, before `publish` returns; other
 * processes' handlers at most once or several times, late, in any order, or never, without an error here.
 */
export interface PubSub {
  /** `memory` or `redis`, with where it is; for logs. */
  readonly description: string
  /** Whether messages can be believed to reach other processes just now. */
  readonly state: 'up' | 'down'
  /** Never throws and never waits. The bytes must not be changed afterwards. */
  publish(channel: string, bytes: Uint8Array): void
  /** Resolves when the handler is in place. A handler must not throw. @returns what ends the subscription */
  subscribe(channel: string, handler: (bytes: Uint8Array) => void): Promise<() => void>
  close(): Promise<void>
}
