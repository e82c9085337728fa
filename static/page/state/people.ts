import type { Http } from '../../client/index.js'
import { type Language, languages } from '../i18n/index.js'
import type { AccountState, Person } from './state.js'
import type { Store } from './store.js'

/** Profiles cached, and looked up, by one login. */
const PEOPLE_MAX = 2000

export type People = ReturnType<typeof createPeople>

/** The cache of users' names and colors; the oldest entries are evicted first. */
export function createPeople(store: Store<AccountState>, http: Http, language: () => Language) {
  /** Usernames whose lookup has been queued: each is requested once. */
  const requested = new Set<string>()
  let queue: Promise<unknown> = Promise.resolve()
  let closed = false

  function cacheUsers(users: readonly Person[]) {
    const people = new Map(store.state.people)
    for (const { username, display_name: chosen, avatar_color, status, is_deleted } of users) {
      const display_name = is_deleted ? languages[language()].deleted_account : chosen
      people.set(username, { username, display_name, avatar_color, status, ...(is_deleted && { is_deleted }) })
    }
    for (const username of people.keys()) {
      if (people.size <= PEOPLE_MAX) break
      people.delete(username)
    }
    store.set({ people })
  }

  return {
    cacheUsers,
    /** The language has changed. */
    translate: () => cacheUsers([...store.state.people.values()]),

    /** Requests a profile that is not cached; the requests run one at a time. */
    lookUpUser(username: string) {
      if (requested.has(username) || requested.size >= PEOPLE_MAX || store.state.people.has(username)) return
      requested.add(username)
      queue = queue.then(async () => {
        if (closed || store.state.people.has(username)) return
        const profile = await http.profile(username).catch(() => null)
        if (profile) cacheUsers([profile])
      })
    },

    /** Drops the lookups that are still queued. */
    close() {
      closed = true
    },
  }
}

/** The name that a user chose, or the username until that is known. */
export const displayName = (people: ReadonlyMap<string, Person>, username: string): string =>
  people.get(username)?.display_name || username
