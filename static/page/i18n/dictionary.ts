import type { en } from './en.js'

type Entry<T> = T extends (...args: infer A) => string ? (...args: A) => string : T extends string ? string : Entries<T>
type Entries<T> = { [K in keyof T]: Entry<T[K]> }

/** A language: each entry of the English one, with the same arguments. */
export type Dictionary = Entries<typeof en>
/** The entries that are plain words. */
export type TextKey = { [K in keyof Dictionary]: Dictionary[K] extends string ? K : never }[keyof Dictionary]
