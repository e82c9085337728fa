export type Store<S extends object> = ReturnType<typeof createStore<S>>

/** What is known, in one immutable object, and who wants to hear of changes of one part of it. */
export function createStore<S extends object>(initial: S) {
  let state = initial
  const listeners = new Map<keyof S, Set<() => void>>()
  return {
    get state(): S {
      return state
    },
    set(change: Partial<S>) {
      state = { ...state, ...change }
      for (const part of Object.keys(change) as (keyof S)[])
        for (const listener of listeners.get(part) ?? []) listener()
    },
    /** @returns what ends it */
    subscribe(part: keyof S, listener: () => void): () => void {
      const set = listeners.get(part) ?? new Set()
      listeners.set(part, set.add(listener))
      return () => set.delete(listener)
    },
  }
}
