import type { Session } from '../../schemas/user.js'
import type { Store } from '../store/index.js'

const PAGE = 1000

/** A user's stored sessions, valid or not, by id after `after`. */
export async function* storedSessions(store: Store, username: string, after = ''): AsyncGenerator<Session> {
  for (;;) {
    const page = await store.listSessions(username, { after, limit: PAGE })
    yield* page
    if (page.length < PAGE) return
    after = (page.at(-1) as Session).id
  }
}
