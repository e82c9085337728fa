import { formatRoute, parseRoute, type Route } from './route.js'
import type { AppState } from './state.js'
import type { Store } from './store.js'

export type Router = ReturnType<typeof createRouter>

/**
 * The page's URL and the browser's history. It outlives a login, so that a login leads to the room that the URL names.
 * @param on_change called after every change of the route, by a call or by the browser's buttons; `read_at` is the
 * message that was at the top of the list when the user left this entry of the history
 */
export function createRouter(store: Store<AppState>, on_change: (read_at: number | null) => Promise<void>) {
  let reading: number | null = null
  /** Closes what lies over the room; it has an entry of its own in the history. */
  let closeLayer: (() => void) | null = null

  function takeLayer(): boolean {
    const close = closeLayer
    closeLayer = null
    close?.()
    return close !== null
  }

  addEventListener('popstate', ({ state }) => {
    if (takeLayer()) return
    store.set({ route: parseRoute(location) })
    on_change(state?.read_at ?? null)
  })

  function go(route: Route, how: 'push' | 'replace' = 'push'): Promise<void> {
    const url = formatRoute(route)
    const in_layer = takeLayer()
    if (how === 'replace' || in_layer) history.replaceState(null, '', url)
    else if (url !== location.pathname + location.hash) {
      // So that going back leads to what was read before.
      history.replaceState({ read_at: reading }, '')
      history.pushState(null, '', url)
    }
    store.set({ route })
    return on_change(null)
  }

  return {
    get route(): Route {
      return store.state.route
    },
    go,
    /** Scrolls to a message of the open room. */
    goToMessage: (message: number) => go({ room_id: store.state.route.room_id, message }),
    /** Something lies over the room: the browser’s Back closes it. @param close called when it has to go */
    openLayer(close: () => void) {
      history.replaceState({ read_at: reading }, '')
      history.pushState(null, '')
      closeLayer = close
    },
    /** Goes back to below the layer. @returns false if there is none */
    leaveLayer(): boolean {
      if (closeLayer === null) return false
      history.back()
      return true
    },
    /** @param id the message at the top of the list, null at its end */
    setReading(id: number | null) {
      reading = id
    },
  }
}
