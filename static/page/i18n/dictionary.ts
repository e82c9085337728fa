import type { en } from './en.js'

type Entry<T> = T extends (...args: infer A) => string
  ? (...args: A) => string
  : T extends string
    ? string
    : Translation<T>

/** A translation of the English texts: the same keys, with the same arguments. */
export type Translation<English> = { [K in keyof English]: Entry<English[K]> }
export type Dictionary = Translation<typeof en>
