import { useEffect, useRef } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import type { ConversationView } from '../state/state.js'
import { useAccount } from './hooks.js'
import type { Scroll } from './use-scroll.js'

/** What comes onto the screen is gathered this long before the mark moves, ms: each move draws the list of rooms. */
const GATHER_MS = 250

/**
 * The read mark follows the last message that was on the screen, forward only; at the end of the room it takes the whole
 * log. Nothing is seen in a hidden tab.
 * @returns a function to call when something may have come onto the screen
 */
export function useReadMark(room: Room, view: ConversationView, scroll: Scroll, hidden: boolean): () => void {
  const account = useAccount()
  const seen = useRef(0)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)

  function mark() {
    clearTimeout(timer.current)
    timer.current = undefined
    account.rooms.markRead(room.id, seen.current)
  }
  function look() {
    if (hidden || view.messages.length === 0) return
    const last = view.attached && scroll.reading === null ? room.last_seq : (scroll.lastSeen ?? 0)
    if (last <= seen.current) return
    seen.current = last
    timer.current ??= setTimeout(mark, GATHER_MS)
  }
  // A mark that is still gathered when the user leaves the room counts, too.
  const flush = useRef(mark)
  flush.current = mark
  useEffect(
    () => () => {
      if (timer.current !== undefined) flush.current()
    },
    [room.id],
  )
  return look
}
