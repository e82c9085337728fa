import type { Authenticated } from '../../../schemas/user.js'
import { ApiError, type Http } from '../../client/index.js'

/** Tells that a login may be good still, so that a first visit asks for nothing. The login itself is the cookie. */
const KEPT = 'talkie.session'
/** A token that can't be renewed just now is tried again after this, ms. */
const AGAIN_MS = 30_000
/** Timers hold no more. */
const TIMER_MAX_MS = 2 ** 31 - 1

export interface SessionEvents {
  /** @param newcomer the account was made just now */
  began(account: Authenticated, newcomer: boolean): void
  /** A later token of the same session. */
  renewed(token: string): void
  /** It ended by itself, or by a logout. */
  ended(by_itself: boolean): void
}

/**
 * Who is logged in. The token stays in memory only; what outlives a reload is the server's HttpOnly cookie, which no
 * script can read.
 */
export function createSession(http: () => Http, events: SessionEvents) {
  let token: string | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  function hold(account: Authenticated) {
    token = account.token
    localStorage.setItem(KEPT, '1')
    clearTimeout(timer)
    timer = setTimeout(renew, Math.min(lifetime(account.token) / 2, TIMER_MAX_MS))
  }

  function drop(by_itself: boolean) {
    token = undefined
    localStorage.removeItem(KEPT)
    clearTimeout(timer)
    events.ended(by_itself)
  }

  /** @returns whether there is a good token now; where it is refused, the session has ended */
  async function renew(): Promise<boolean> {
    try {
      const account = await http().refresh()
      hold(account)
      events.renewed(account.token)
      return true
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) drop(true)
      else {
        clearTimeout(timer)
        timer = setTimeout(renew, AGAIN_MS)
      }
      return false
    }
  }

  function begin(account: Authenticated, newcomer = false) {
    hold(account)
    events.began(account, newcomer)
  }

  return {
    token: () => token,
    renew,
    /**
     * Goes on with what an earlier visit left.
     * @returns false where there is nothing to go on with
     * @throws ApiError where the server can't be asked
     */
    async resume(): Promise<boolean> {
      if (localStorage.getItem(KEPT) === null) return false
      try {
        begin(await http().refresh())
        return true
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 401) throw error
        localStorage.removeItem(KEPT)
        return false
      }
    },
    logIn: async (username: string, password: string) => begin(await http().login({ username, password })),
    signUp: async (username: string, password: string) => begin(await http().register({ username, password }), true),
    async logOut() {
      await http()
        .logout()
        .catch(() => {})
      drop(false)
    },
  }
}

/** How long a token is good from now, ms, by what it says itself. */
function lifetime(token: string): number {
  const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
  const { iat = 0, exp = 0 } = JSON.parse(atob(payload)) as { iat?: number; exp?: number }
  return Math.max(AGAIN_MS, (exp - iat) * 1000)
}
