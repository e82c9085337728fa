import { Component, type ComponentType, createContext, h } from 'preact'
import { useContext, useLayoutEffect, useReducer, useRef } from 'preact/hooks'
import type { App } from '../state/app.js'
import type { State } from '../state/state.js'
import { type Dictionary, languages } from '../words/index.js'

export const AppContext = createContext<App | null>(null)
export const useApp = () => useContext(AppContext) as App

const whole = <T>(part: T) => part

/**
 * A part of the state, or what `select` finds in it; the component is drawn again when that becomes another.
 * @param select must not make new objects
 */
export function useSelected<K extends keyof State>(part: K): State[K]
export function useSelected<K extends keyof State, T>(part: K, select: (value: State[K]) => T): T
export function useSelected<K extends keyof State>(part: K, select: (value: State[K]) => unknown = whole): unknown {
  const { store } = useApp()
  const [, redraw] = useReducer<number, void>(count => count + 1, 0)
  const value = select(store.state[part])
  const shown = useRef({ select, value })
  shown.current = { select, value }
  useLayoutEffect(() => {
    const look = () => {
      if (shown.current.select(store.state[part]) !== shown.current.value) redraw()
    }
    // It may have changed between the drawing and now.
    look()
    return store.subscribe(part, look)
  }, [store, part])
  return value
}

export const useWords = (): Dictionary => languages[useSelected('language')]

/** A component that is drawn again only when one of its properties is another. */
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
