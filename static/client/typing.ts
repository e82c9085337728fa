import { limits } from '../../schemas/wire.js'

/**
 * The users typing in one room. Each expires after `typing_ms`, for its `off` frame may never come; call `end` for a
 * message, a leave or a user who goes offline.
 * @param on_change called with the usernames, in the order in which they began
 */
export function createTyping(on_change: (names: string[]) => void, typing_ms: number = limits.TYPING_MS) {
  const timers = new Map<string, ReturnType<typeof setTimeout>>()
  const notify = () => on_change([...timers.keys()])

  function end(username: string) {
    const timer = timers.get(username)
    if (timer === undefined) return
    clearTimeout(timer)
    timers.delete(username)
    notify()
  }

  return {
    begin(username: string) {
      const timer = timers.get(username)
      clearTimeout(timer)
      timers.set(username, setTimeout(end, typing_ms, username))
      if (timer === undefined) notify()
    },
    end,
    /** The room was left or the connection lost. */
    clear() {
      for (const timer of timers.values()) clearTimeout(timer)
      if (timers.size === 0) return
      timers.clear()
      notify()
    },
  }
}
