import { Component, type ComponentType, createContext, h } from 'preact'
import { useContext, useLayoutEffect, useReducer, useRef } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import { type Dictionary, languages, type Translation } from '../i18n/index.js'
import type { Account } from '../state/account.js'
import type { App } from '../state/app.js'
import type { AccountState, AppState } from '../state/state.js'
import type { Store } from '../state/store.js'

export const AppContext = createContext<App | null>(null)
export const useApp = () => useContext(AppContext) as App

/** Set for every component below `Chat`. */
export const AccountContext = createContext<Account | null>(null)
export const useAccount = () => useContext(AccountContext) as Account

const whole = <T>(value: T) => value

/**
 * A field of the page's state, or what `select` finds in it; the component is drawn again when that changes.
 * @param select must not create objects
 */
export function useAppState<K extends keyof AppState>(field: K): AppState[K]
export function useAppState<K extends keyof AppState, T>(field: K, select: (value: AppState[K]) => T): T
export function useAppState<K extends keyof AppState>(field: K, select: (value: AppState[K]) => unknown = whole) {
  return useStore(useApp().store, field, select)
}

/** The same for the account's state. */
export function useAccountState<K extends keyof AccountState>(field: K): AccountState[K]
export function useAccountState<K extends keyof AccountState, T>(field: K, select: (value: AccountState[K]) => T): T
export function useAccountState<K extends keyof AccountState>(
  field: K,
  select: (value: AccountState[K]) => unknown = whole,
) {
  return useStore(useAccount().store, field, select)
}

function useStore<S extends object, K extends keyof S>(store: Store<S>, field: K, select: (value: S[K]) => unknown) {
  const [, redraw] = useReducer<number, void>(count => count + 1, 0)
  const value = select(store.state[field])
  const shown = useRef({ select, value })
  shown.current = { select, value }
  useLayoutEffect(() => {
    const update = () => {
      if (shown.current.select(store.state[field]) !== shown.current.value) redraw()
    }
    // The value may have changed since the component was drawn.
    update()
    return store.subscribe(field, update)
  }, [store, field])
  return value
}

export const useTexts = (): Dictionary => languages[useAppState('language')]

/** Whether the user may do what the room's moderators may: administrators of the server may in every public room. */
export const useModerates = (room: Pick<Room, 'is_moderator' | 'is_public'>): boolean =>
  (useAccountState('me', me => me.is_admin) && room.is_public) || room.is_moderator

/** The texts that only a lazy screen needs, and that therefore belong to its script. */
export function useOwnTexts<English>(own: { en: English; ko: Translation<English> }): Translation<English> {
  return own[useAppState('language')] as Translation<English>
}

/** A component that is drawn again only when one of its properties changes. */
export function memo<P extends object>(Inner: ComponentType<P>): ComponentType<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: P) {
      const now = this.props as Record<string, unknown>
      return Object.entries(next).some(([name, value]) => now[name] !== value)
    }
    override render() {
      return h(Inner, this.props as P)
    }
  }
}
