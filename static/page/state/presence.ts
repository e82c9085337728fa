import type { ServerFrames } from '../../../schemas/frame.js'

/** The users online in a room; in a large room only their number is known. */
export interface Presence {
  online: ReadonlySet<string>
  online_count: number
}

export const NO_PRESENCE: Presence = { online: new Set(), online_count: 0 }

export function foldPresence(before: Presence, frame: ServerFrames['welcome' | 'presence']): Presence {
  if (frame.type === 'welcome') return { online: new Set(frame.online), online_count: frame.online_count }
  const online = new Set(before.online)
  if (frame.username !== undefined) {
    if (frame.online) online.add(frame.username)
    else online.delete(frame.username)
  }
  return { online, online_count: frame.online_count }
}
