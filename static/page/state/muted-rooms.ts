import type { TextStorage } from './drafts.js'

const keyOf = (me: string) => `talkie.muted.${me}`

/** The rooms that a user has muted in this browser. */
export function loadMutedRooms(storage: TextStorage, me: string): ReadonlySet<string> {
  try {
    const kept = JSON.parse(storage.getItem(keyOf(me)) ?? '[]')
    return new Set(Array.isArray(kept) ? kept.filter(id => typeof id === 'string') : [])
  } catch {
    return new Set()
  }
}

export function saveMutedRooms(storage: TextStorage, me: string, muted: ReadonlySet<string>) {
  storage.setItem(keyOf(me), JSON.stringify([...muted]))
}
