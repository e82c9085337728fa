import type { en } from './en.js'

type Entry<T> = T extends (...args: infer A) => string ? (...args: A) => string : T extends string ? string : Entries<T>
type Entries<T> = { [K in keyof T]: Entry<T[K]> }

/** A translation: the keys of the English one, with the same arguments. */
export type Dictionary = Entries<typeof en>
