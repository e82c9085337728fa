import type { TextStorage } from './drafts.js'

/** What a user marks in the list of rooms, in this browser only: rooms by id, and collapsed sections by name. */
export type Mark = 'muted' | 'favorites' | 'collapsed'

const keyOf = (me: string, mark: Mark) => `talkie.${mark}.${me}`

export function loadMarks(storage: TextStorage, me: string, mark: Mark): ReadonlySet<string> {
  try {
    const kept = JSON.parse(storage.getItem(keyOf(me, mark)) ?? '[]')
    return new Set(Array.isArray(kept) ? kept.filter(id => typeof id === 'string') : [])
  } catch {
    return new Set()
  }
}

export function saveMarks(storage: TextStorage, me: string, mark: Mark, marked: ReadonlySet<string>) {
  storage.setItem(keyOf(me, mark), JSON.stringify([...marked]))
}
