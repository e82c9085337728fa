import type { ServerFrames } from '../../../schemas/frame.js'

/** Who is online in a room; where many are, only how many. */
export interface Presence {
  online: ReadonlySet<string>
  online_count: number
}

export const NOBODY: Presence = { online: new Set(), online_count: 0 }

export function foldPresence(before: Presence, frame: ServerFrames['welcome' | 'presence']): Presence {
  if (frame.type === 'welcome') return { online: new Set(frame.online), online_count: frame.online_count }
  const online = new Set(before.online)
  if (frame.username !== undefined) {
    if (frame.online) online.add(frame.username)
    else online.delete(frame.username)
  }
  return { online, online_count: frame.online_count }
}
