import type { Authenticated } from '../../../schemas/user.js'
import { ApiError, type Http } from '../../client/index.js'

/** Tells that a login may be good still, so that a first visit asks for nothing. The login itself is the cookie. */
const KEPT = 'talkie.session'
/** Instead: who was logged in has logged out, and the server does not know yet. */
const ENDING = 'ending'
/** What the server does not answer just now is tried again after this, ms. */
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
  /** The logout under way: a login after it must not lose its cookie to it. */
  let ending: Promise<void> = Promise.resolve()

  function hold(account: Authenticated) {
    token = account.token
    localStorage.setItem(KEPT, '1')
    clearTimeout(timer)
    timer = setTimeout(renew, Math.min(lifetime(account.token) / 2, TIMER_MAX_MS))
  }

  function drop(by_itself: boolean) {
    token = undefined
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
      if (error instanceof ApiError && error.status === 401) {
        localStorage.removeItem(KEPT)
        drop(true)
      } else {
        clearTimeout(timer)
        timer = setTimeout(renew, AGAIN_MS)
      }
      return false
    }
  }

  /** Tells the server of a logout: where it can't be asked, later, or by a later visit. */
  async function end(): Promise<void> {
    if (localStorage.getItem(KEPT) !== ENDING) return
    try {
      await http().logout()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.status !== 401) {
        timer = setTimeout(() => {
          ending = end()
        }, AGAIN_MS)
        return
      }
    }
    if (localStorage.getItem(KEPT) === ENDING) localStorage.removeItem(KEPT)
  }

  async function settled() {
    await ending
    clearTimeout(timer)
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
      ending = end()
      if (localStorage.getItem(KEPT) !== '1') return false
      try {
        begin(await http().refresh())
        return true
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 401) throw error
        localStorage.removeItem(KEPT)
        return false
      }
    },
    async logIn(username: string, password: string) {
      await settled()
      begin(await http().login({ username, password }))
    },
    async signUp(username: string, password: string) {
      await settled()
      begin(await http().register({ username, password }), true)
    },
    logOut() {
      localStorage.setItem(KEPT, ENDING)
      ending = end()
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
