import { Component, type ComponentType, createContext, h } from 'preact'
import { useContext, useLayoutEffect, useReducer, useRef } from 'preact/hooks'
import type { App } from '../state/app.js'
import type { State } from '../state/state.js'
import { type Dictionary, languages } from '../words/index.js'

export const AppContext = createContext<App | null>(null)
export const useApp = () => useContext(AppContext) as App

/** A part of the state; the component is drawn again when it becomes another. `select` must not make new objects. */
export function useSelected<T>(select: (state: State) => T): T {
  const { store } = useApp()
  const [, redraw] = useReducer<number, void>(count => count + 1, 0)
  const value = select(store.state)
  const shown = useRef({ select, value })
  shown.current = { select, value }
  useLayoutEffect(() => {
    const look = () => {
      if (shown.current.select(store.state) !== shown.current.value) redraw()
    }
    // It may have changed between the drawing and now.
    look()
    return store.subscribe(look)
  }, [store])
  return value
}

export const useWords = (): Dictionary => languages[useSelected(state => state.language)]

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
