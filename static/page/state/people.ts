import type { Person } from './state.js'

/** The name that a user chose, or the username until that is known. */
export const displayName = (people: ReadonlyMap<string, Person>, username: string): string =>
  people.get(username)?.display_name || username
