import type { TextStorage } from './drafts.js'

/**
 * `localStorage`, or memory if the browser blocks it or it is full: then a value lasts until the page is reloaded. No
 * method throws.
 */
export function createBrowserStorage(local: () => TextStorage): TextStorage {
  /** What could not be stored; null for a value that could not be removed. */
  const memory = new Map<string, string | null>()
  function attempt<T>(act: (storage: TextStorage) => T, instead: () => T): T {
    try {
      return act(local())
    } catch {
      return instead()
    }
  }
  return {
    getItem(key) {
      const kept = memory.get(key)
      return kept !== undefined
        ? kept
        : attempt(
            storage => storage.getItem(key),
            () => null,
          )
    },
    setItem(key, value) {
      memory.delete(key)
      attempt(
        storage => storage.setItem(key, value),
        () => void memory.set(key, value),
      )
    },
    removeItem(key) {
      memory.delete(key)
      attempt(
        storage => storage.removeItem(key),
        () => void memory.set(key, null),
      )
    },
  }
}

export const browserStorage = createBrowserStorage(
  () => (globalThis as unknown as { localStorage: TextStorage }).localStorage,
)
