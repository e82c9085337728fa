import type { AccountDeletion, Authenticated } from '../../../schemas/user.js'
import { ApiError, type Http } from '../../client/index.js'
import { browserStorage } from './browser-storage.js'

/** Set while a session may exist, so that a first visit sends no request. The session itself is the cookie. */
const KEY = 'talkie.session'
/** Its value once the user has logged out and the server has not confirmed it yet. */
const LOGGING_OUT = 'ending'
/** Delay before a failed refresh or logout is retried, ms. */
const RETRY_MS = 30_000
/** The longest delay that a timer takes. */
const TIMER_MAX_MS = 2 ** 31 - 1

export interface SessionEvents {
  /** @param is_new_user the account was created just now */
  on_login(login: Authenticated, is_new_user: boolean): void
  /** The session has a new token. */
  on_renewed(token: string): void
  /** @param expired the server ended the session, not the user */
  on_end(expired: boolean): void
}

export type Session = ReturnType<typeof createSession>

/**
 * The login. The token stays in memory only; what outlives a reload is the server's HttpOnly cookie, which no script
 * can read.
 */
export function createSession(http: () => Http, events: SessionEvents) {
  let token: string | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  /** The pending logout: its response must not remove the cookie of a later login. */
  let ending: Promise<void> = Promise.resolve()
  /** The account is being deleted: the server ends the session before it answers. */
  let leaving = false

  function store(login: Authenticated) {
    token = login.token
    browserStorage.setItem(KEY, '1')
    clearTimeout(timer)
    timer = setTimeout(renew, Math.min(lifetime(login.token) / 2, TIMER_MAX_MS))
  }

  function drop(expired: boolean) {
    token = undefined
    clearTimeout(timer)
    events.on_end(expired)
  }

  /** @returns whether there is a valid token now; if the server rejects the refresh, the session has ended */
  async function renew(): Promise<boolean> {
    if (leaving) return false
    try {
      const login = await http().refresh()
      store(login)
      events.on_renewed(login.token)
      return true
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        browserStorage.removeItem(KEY)
        drop(true)
      } else {
        clearTimeout(timer)
        timer = setTimeout(renew, RETRY_MS)
      }
      return false
    }
  }

  /** Sends a logout to the server; while that cannot be reached, it is retried, also by a later visit. */
  async function end(): Promise<void> {
    if (browserStorage.getItem(KEY) !== LOGGING_OUT) return
    try {
      await http().logout()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.status !== 401) {
        timer = setTimeout(() => {
          ending = end()
        }, RETRY_MS)
        return
      }
    }
    if (browserStorage.getItem(KEY) === LOGGING_OUT) browserStorage.removeItem(KEY)
  }

  async function logoutSettled() {
    await ending
    clearTimeout(timer)
  }

  function begin(login: Authenticated, is_new_user = false) {
    store(login)
    events.on_login(login, is_new_user)
  }

  return {
    token: () => token,
    renew,
    /**
     * Continues the session of an earlier visit.
     * @returns false if there is none
     * @throws ApiError if the server cannot be reached
     */
    async resume(): Promise<boolean> {
      ending = end()
      if (browserStorage.getItem(KEY) !== '1') return false
      try {
        begin(await http().refresh())
        return true
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 401) throw error
        browserStorage.removeItem(KEY)
        return false
      }
    },
    async logIn(username: string, password: string) {
      await logoutSettled()
      begin(await http().login({ username, password }))
    },
    /** @param invitation the code of one, with which the user also joins its room */
    async signUp(username: string, password: string, invitation?: string) {
      await logoutSettled()
      begin(await http().register({ username, password, ...(invitation && { invitation }) }), true)
    },
    /** Ends the session, too. @throws ApiError */
    async deleteAccount(deletion: AccountDeletion) {
      leaving = true
      try {
        await http().deleteAccount(deletion)
      } finally {
        leaving = false
      }
      browserStorage.removeItem(KEY)
      drop(false)
    },
    logOut() {
      browserStorage.setItem(KEY, LOGGING_OUT)
      ending = end()
      drop(false)
    },
  }
}

/** How long a new token is valid by its own claims, ms. */
function lifetime(token: string): number {
  const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
  const { iat = 0, exp = 0 } = JSON.parse(atob(payload)) as { iat?: number; exp?: number }
  return Math.max(RETRY_MS, (exp - iat) * 1000)
}
