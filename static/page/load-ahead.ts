/** The name of the style sheet of what lazy scripts show. Set by the build. */
declare const LAZY_STYLES: string

const loaders: (() => Promise<unknown>)[] = []
let styles: Promise<unknown> | undefined

/** @returns `load`, which imports a script that is not part of the shell */
export function ahead<T>(load: () => Promise<T>): () => Promise<T> {
  loaders.push(load)
  return load
}

/** Loads all such scripts, so that they are there at once, also after a new version has replaced them on the server. */
export const loadAhead = () => Promise.allSettled(loaders.map(load => load()))

/** Called before the next drawing after a lazy script has arrived: what it shows may have another height. */
export const on_arrival = new Set<() => void>()
export const arrived = () =>
  requestAnimationFrame(() => {
    for (const tell of on_arrival) tell()
  })

/** Loads the styles of what lazy scripts show; again after a failure. */
export function loadStyles(): Promise<unknown> {
  styles ??= new Promise((resolve, reject) => {
    const link = document.createElement('link')
    link.rel = 'stylesheet'
    link.href = `/assets/${LAZY_STYLES}`
    link.onload = resolve
    link.onerror = () => {
      styles = undefined
      link.remove()
      reject(new Error('The styles could not be loaded'))
    }
    document.head.append(link)
  })
  return styles
}
