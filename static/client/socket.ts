/** A handler that any WebSocket's own event type fits: TypeScript compares a method's parameters both ways. */
type Handler<E> = { handle(event: E): void }['handle'] | null

/** As much of a WebSocket as the client needs: a browser's and the one of `ws` both have it. */
export interface Socket {
  onopen: Handler<unknown>
  onmessage: Handler<{ data: unknown }>
  onclose: Handler<{ code: number; reason: string }>
  onerror: Handler<unknown>
  send(data: string): void
  close(code?: number, reason?: string): void
}

export type SocketConstructor = new (url: string, protocols: string[]) => Socket
