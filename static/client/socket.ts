/** Accepts the event type of any WebSocket: TypeScript compares a method's parameters bivariantly. */
type Handler<E> = { handle(event: E): void }['handle'] | null

/** The part of a WebSocket that the client uses: the browser's and that of `ws` both have it. */
export interface Socket {
  onopen: Handler<unknown>
  onmessage: Handler<{ data: unknown }>
  onclose: Handler<{ code: number; reason: string }>
  onerror: Handler<unknown>
  send(data: string): void
  close(code?: number, reason?: string): void
}

export type SocketConstructor = new (url: string, protocols: string[]) => Socket
