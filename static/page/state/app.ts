import { type ApiError, type Backoff, backoffDelay, createHttp } from '../../client/index.js'
import { type Language, loadLanguage, saveLanguage } from '../i18n/index.js'
import { type Account, createAccount } from './account.js'
import { browserStorage } from './browser-storage.js'
import { canNotify, createNotifications } from './notifications.js'
import { openOutboxStorage } from './outbox-storage.js'
import type { StoredRequest } from './outgoing.js'
import { parseRoute } from './route.js'
import { createRouter } from './router.js'
import { createSession } from './session.js'
import type { AppState } from './state.js'
import { createStore } from './store.js'

/** Between two tries to reach the server when the page is loaded. */
const RETRY: Backoff = { base_ms: 1000, cap_ms: 15_000, random: Math.random }

export type App = ReturnType<typeof createApp>

/** Composes the page: what outlives a login, and the account of the present one. */
export function createApp() {
  const store = createStore<AppState>({
    stage: 'starting',
    refused: null,
    reset_code: takeResetCode(),
    invite_code: inviteCode(),
    session_expired: false,
    language: loadLanguage(),
    route: parseRoute(location),
    today: new Date().toDateString(),
    can_ask_notifications: canNotify() && Notification.permission === 'default',
  })
  const notifications = createNotifications()
  let account: Account | null = null
  /** Counts logins and logouts, to drop a login that ended while it was being prepared. */
  let logins = 0

  const http = createHttp({ base_url: location.origin, token: () => session.token() })
  const router = createRouter(store, async read_at => {
    account?.dismissError()
    await account?.conversations.open(read_at)
  })
  const session = createSession(() => http, {
    async on_login({ user }, is_new_user) {
      const login = ++logins
      const storage = openOutboxStorage<StoredRequest>(`talkie.outgoing.${user.username}`)
      const stored = await storage.all()
      if (login !== logins) return
      const language = () => store.state.language
      account = createAccount({
        ...{ user, is_new_user, http, session, router, notifications, language, storage, stored },
      })
      store.set({ stage: 'logged_in', session_expired: false })
      await account.start()
    },
    on_renewed: token => account?.authenticate(token),
    on_end(expired) {
      logins++
      account?.close(!expired)
      account = null
      store.set({ stage: 'logged_out', session_expired: expired })
    },
  })

  /** Starts that have failed, and the next one. */
  let failures = 0
  let retry: ReturnType<typeof setTimeout> | undefined
  let starting = false
  /** Continues the session of an earlier visit, if there is one; while the server cannot be reached, it is retried. */
  async function start() {
    if (starting || store.state.reset_code !== null) return
    starting = true
    clearTimeout(retry)
    try {
      if (!(await session.resume())) store.set({ stage: 'logged_out' })
      failures = 0
    } catch (error) {
      const { code } = error as ApiError
      const refused = code === 'ORIGIN_REFUSED' || code === 'HOST_REFUSED' ? code : null
      store.set({ stage: 'unreachable', refused })
      retry = setTimeout(start, backoffDelay(failures++, RETRY))
    }
    starting = false
  }

  /** Draws what depends on the day anew at midnight; a computer that slept is told when the page is looked at. */
  function checkDay() {
    clearTimeout(midnight)
    const now = new Date()
    if (store.state.today !== now.toDateString()) store.set({ today: now.toDateString() })
    const next = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1)
    midnight = setTimeout(checkDay, next.getTime() - now.getTime())
  }
  let midnight: ReturnType<typeof setTimeout> | undefined
  checkDay()

  function check() {
    if (document.hidden) return
    checkDay()
    account?.check()
    if (store.state.stage === 'unreachable') start()
  }
  document.addEventListener('visibilitychange', check)
  addEventListener('online', check)
  // Another link of this server, pasted into the address bar, changes only what stands behind `#`.
  addEventListener('hashchange', () => store.set({ invite_code: inviteCode() }))

  async function leaveInvite(room_id: string | null = null) {
    store.set({ invite_code: null })
    await router.go({ room_id, message: null }, 'replace')
  }

  return {
    store,
    router,
    session,
    registration: http.registration,
    /** Sets a new password with the code of a link, and logs in. @throws ApiError */
    async resetPassword(code: string, password: string) {
      await http.resetPassword({ code, new_password: password })
      // Whatever comes now, the code is used.
      store.set({ reset_code: null })
      browserStorage.setItem('talkie.known', '1')
      await session.logIn(code.split('.', 1)[0] as string, password).catch(start)
    },
    http,
    leaveInvite,
    /** Joins the room of an invitation, or repeats it, and opens the room. @throws ApiError */
    async acceptInvite(code: string) {
      const room = await http.joinByInvite(code)
      account?.rooms.entered(room)
      await leaveInvite(room.id)
    },
    leaveReset() {
      store.set({ reset_code: null })
      start()
    },
    start,
    /** Null unless the stage is `logged_in`. */
    get account() {
      return account
    },
    setLanguage(language: Language) {
      saveLanguage(language)
      store.set({ language })
      account?.people.translate()
    },
    async enableNotifications() {
      await notifications.ask()
      store.set({ can_ask_notifications: Notification.permission === 'default' })
    },
  }
}

/** The code of an invitation in the URL, where it survives a reload. */
const inviteCode = (): string | null => (location.pathname === '/i' && location.hash.slice(1)) || null

/** Takes the code out of the URL, so that it stays in no history. */
function takeResetCode(): string | null {
  if (location.pathname !== '/reset') return null
  const code = location.hash.slice(1)
  history.replaceState(null, '', '/')
  return code
}
