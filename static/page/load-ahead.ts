const loaders: (() => Promise<unknown>)[] = []

/** @returns `load`, which imports a script that is not part of the shell */
export function ahead<T>(load: () => Promise<T>): () => Promise<T> {
  loaders.push(load)
  return load
}

/** Loads all such scripts, so that they are there at once, also after a new version has replaced them on the server. */
export const loadAhead = () => Promise.allSettled(loaders.map(load => load()))
