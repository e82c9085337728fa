import { limits } from '../../schemas/wire.js'

/**
 * Who writes in one room. A sign ends by itself, for its `off` may never come; also by the message, by leaving and by
 * going offline.
 * @param on_change told with the names, in the order in which they began
 */
export function createTyping(on_change: (names: string[]) => void, typing_ms: number = limits.TYPING_MS) {
  const timers = new Map<string, ReturnType<typeof setTimeout>>()
  const tell = () => on_change([...timers.keys()])

  function end(username: string) {
    const timer = timers.get(username)
    if (timer === undefined) return
    clearTimeout(timer)
    timers.delete(username)
    tell()
  }

  return {
    begin(username: string) {
      const timer = timers.get(username)
      clearTimeout(timer)
      timers.set(username, setTimeout(end, typing_ms, username))
      if (timer === undefined) tell()
    },
    end,
    /** The room was left or the socket lost. */
    clear() {
      for (const timer of timers.values()) clearTimeout(timer)
      if (timers.size === 0) return
      timers.clear()
      tell()
    },
  }
}
