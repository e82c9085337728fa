/** Rooms whose drafts are kept; beyond that the oldest are dropped. */
const DRAFTS_MAX = 50

/** The part of `localStorage` that is used here. */
export interface TextStorage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

const keyOf = (me: string) => `talkie.drafts.${me}`

/** A user's unsent texts, one per room, over reloads; the newest last. */
export function createDrafts(storage: TextStorage, me: string) {
  function read(): Record<string, string> {
    try {
      return Object.assign(Object.create(null), JSON.parse(storage.getItem(keyOf(me)) ?? '{}'))
    } catch {
      return Object.create(null)
    }
  }
  return {
    get: (room_id: string): string => read()[room_id] ?? '',
    save(room_id: string, text: string) {
      // Read again each time: another tab may have saved a draft of another room.
      const drafts = Object.entries(read()).filter(([id]) => id !== room_id)
      if (text.trim() !== '') drafts.push([room_id, text])
      try {
        storage.setItem(keyOf(me), JSON.stringify(Object.fromEntries(drafts.slice(-DRAFTS_MAX))))
      } catch {
        // The storage is full or forbidden: the text is still in the field.
      }
    },
    clear: () => storage.removeItem(keyOf(me)),
  }
}
