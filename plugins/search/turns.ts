import { rateLimited } from '../../schemas/error.js'

/** Searches of one account that wait for their turn; a page that is typed into sends some at once. */
const WAITING_MAX = 3
/** When a client whose search was refused may try again, ms. */
const RETRY_AFTER_MS = 1000

/** Lets one piece of work of each account run at a time, and a few wait. */
export function createTurns() {
  /** Waiting work of the accounts that have work under way. */
  const waiting = new Map<string, (() => void)[]>()

  /** @param username in any case @throws RateLimited if too many wait */
  return async function inTurn<T>(username: string, work: () => Promise<T>): Promise<T> {
    const account = username.toLowerCase()
    const queue = waiting.get(account)
    if (queue === undefined) waiting.set(account, [])
    else if (queue.length >= WAITING_MAX) throw rateLimited(RETRY_AFTER_MS)
    else await new Promise<void>(resolve => queue.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.get(account)?.shift()
      if (next) next()
      else waiting.delete(account)
    }
  }
}
