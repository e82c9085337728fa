/** What the page's URL names. */
export interface Route {
  room_id: string | null
  message: number | null
  /** Instead of a room: all public rooms, or what administrators do. */
  screen?: 'browse' | 'administration'
}

export function parseRoute({ pathname, hash }: { pathname: string; hash: string }): Route {
  const screen = /^\/(browse|administration)\/?$/.exec(pathname)?.[1] as Route['screen']
  if (screen) return { room_id: null, message: null, screen }
  const room_id = /^\/r\/([A-Za-z0-9_-]{1,32})\/?$/.exec(pathname)?.[1] ?? null
  const message = /^#([1-9]\d{0,15})$/.exec(hash)?.[1]
  return { room_id, message: room_id !== null && message !== undefined ? Number(message) : null }
}

export const formatRoute = ({ room_id, message, screen }: Route) =>
  screen ? `/${screen}` : room_id === null ? '/' : `/r/${room_id}${message === null ? '' : `#${message}`}`
