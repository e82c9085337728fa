export type Store<S extends object> = ReturnType<typeof createStore<S>>

/** A state in one immutable object, and listeners for each of its fields. */
export function createStore<S extends object>(initial: S) {
  let state = initial
  const listeners = new Map<keyof S, Set<() => void>>()
  return {
    get state(): S {
      return state
    },
    set(change: Partial<S>) {
      state = { ...state, ...change }
      for (const field of Object.keys(change) as (keyof S)[])
        for (const listener of listeners.get(field) ?? []) listener()
    },
    /** @returns a function that unsubscribes */
    subscribe(field: keyof S, listener: () => void): () => void {
      const set = listeners.get(field) ?? new Set()
      listeners.set(field, set.add(listener))
      return () => set.delete(listener)
    },
  }
}
