import type { ComponentType, FunctionComponent } from 'preact'
import { useLayoutEffect, useReducer } from 'preact/hooks'
import { ahead, arrived, loadStyles } from '../load-ahead.js'
import type { Account } from '../state/account.js'
import { useAccount } from './hooks.js'

/**
 * A component with a script of its own, which is loaded when the component is first shown, or earlier by `load`.
 * If that fails, the user is told to reload the page: a new version of it has taken the place of the script.
 * @param Meanwhile shown until then; nothing by default
 */
export function lazy<P extends object>(
  load: () => Promise<ComponentType<P>>,
  Meanwhile: FunctionComponent<P> = () => null,
): FunctionComponent<P> & { load: () => Promise<void> } {
  let Loaded: ComponentType<P> | undefined
  const ready = ahead(async () => {
    if (Loaded) return
    Loaded = (await Promise.all([load(), loadStyles()]))[0]
    arrived()
  })
  function Lazy(props: P) {
    // Null before the login.
    const account = useAccount() as Account | null
    const [, redraw] = useReducer<number, void>(count => count + 1, 0)
    useLayoutEffect(() => {
      if (Loaded) return
      let shown = true
      ready()
        .catch(() => shown && account?.scriptFailed())
        .finally(() => shown && redraw())
      return () => {
        shown = false
      }
    }, [])
    return Loaded ? <Loaded {...props} /> : <Meanwhile {...props} />
  }
  return Object.assign(Lazy, { load: ready })
}
