/** What the page's URL names. */
export interface Route {
  room_id: string | null
  message: number | null
  /** The screen of all public rooms. */
  browsing?: boolean
}

export function parseRoute({ pathname, hash }: { pathname: string; hash: string }): Route {
  if (/^\/browse\/?$/.test(pathname)) return { room_id: null, message: null, browsing: true }
  const room_id = /^\/r\/([A-Za-z0-9_-]{1,32})\/?$/.exec(pathname)?.[1] ?? null
  const message = /^#([1-9]\d{0,15})$/.exec(hash)?.[1]
  return { room_id, message: room_id !== null && message !== undefined ? Number(message) : null }
}

export const formatRoute = ({ room_id, message, browsing }: Route) =>
  browsing ? '/browse' : room_id === null ? '/' : `/r/${room_id}${message === null ? '' : `#${message}`}`
