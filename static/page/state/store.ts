export type Store<S> = ReturnType<typeof createStore<S>>

/** What is known, in one immutable object, and who wants to hear of changes. */
export function createStore<S>(initial: S) {
  let state = initial
  const listeners = new Set<() => void>()
  return {
    get state(): S {
      return state
    },
    set(change: Partial<S>) {
      state = { ...state, ...change }
      for (const listener of listeners) listener()
    },
    /** @returns what ends it */
    subscribe(listener: () => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
