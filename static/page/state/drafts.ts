/** Rooms whose drafts are kept; of more, the oldest drafts go. */
const DRAFTS_MAX = 50

/** As much of the browser's storage as is needed. */
export interface TextStorage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

const keyOf = (me: string) => `talkie.drafts.${me}`

/** What one began to write, room by room, over reloads; the newest draft last. */
export function createDrafts(storage: TextStorage, me: string) {
  function read(): Record<string, string> {
    try {
      return Object.assign(Object.create(null), JSON.parse(storage.getItem(keyOf(me)) ?? '{}'))
    } catch {
      return Object.create(null)
    }
  }
  return {
    of: (room_id: string): string => read()[room_id] ?? '',
    keep(room_id: string, text: string) {
      // Read anew each time: another tab may have written for another room.
      const drafts = Object.entries(read()).filter(([id]) => id !== room_id)
      if (text.trim() !== '') drafts.push([room_id, text])
      try {
        storage.setItem(keyOf(me), JSON.stringify(Object.fromEntries(drafts.slice(-DRAFTS_MAX))))
      } catch {
        // Where nothing may be stored, the field still holds it.
      }
    },
    clear: () => storage.removeItem(keyOf(me)),
  }
}
