import type { RefObject } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { on_arrival } from '../load-ahead.js'

/** Nearer to the end than this counts as at the end, px. */
const NEAR = 48
/** Older messages are loaded at this distance from the first one, px. */
const AHEAD = 600

interface Held {
  at_end: boolean
  /**
   * The message at the top, and how far below the top it ends, px: its beginning moves when a message of the same sender
   * is loaded above it, because it then shows no name.
   */
  key: string | null
  bottom: number
  /** The scroll position. */
  at: number
}

export type Scroll = ReturnType<typeof useScroll>

/**
 * Scroll anchoring for a list of messages: at its end the list stays at the end, elsewhere the message at the top keeps
 * its position, whatever is added above or below it. The browser's own anchoring is off, for not every browser has it.
 *
 * @param attached whether the list's end is the newest message; the list stays at no other end
 * @param following false while nobody looks: then new messages gather below what was read last
 * @param content what the list shows: heights change only if one of these does, or when a lazy script arrives
 * @param near_top called near the first loaded message
 * @param near_end called near the last loaded message
 */
export function useScroll(
  box: RefObject<HTMLElement | null>,
  {
    attached,
    following,
    near_top,
    near_end,
    content,
  }: { attached: boolean; following: boolean; near_top: () => void; near_end: () => void; content: readonly unknown[] },
) {
  const [at_end, setAtEnd] = useState(true)
  const held = useRef<Held>({ at_end: true, key: null, bottom: 0, at: 0 })
  /** `attached` at the last drawing. */
  const drawn = useRef(attached)

  // The user scrolled just now and the scroll event comes later: this drawing must not undo it.
  if (box.current && box.current.scrollTop !== held.current.at) hold(box.current)

  /** @returns the height below the visible part, px */
  function hold(element: HTMLElement): number {
    const rest = element.scrollHeight - element.scrollTop - element.clientHeight
    const top = element.getBoundingClientRect().top
    const rows = rowsOf(element)
    const first = rows[placeBelow(rows, top)]
    held.current = {
      at_end: drawn.current && rest < NEAR,
      key: first?.dataset.id ?? null,
      bottom: first ? first.getBoundingClientRect().bottom - top : 0,
      at: element.scrollTop,
    }
    return rest
  }

  function remember() {
    const element = box.current
    if (!element) return
    const rest = hold(element)
    setAtEnd(held.current.at_end)
    if (element.scrollTop < AHEAD) near_top()
    if (rest < AHEAD) near_end()
  }

  function restore() {
    const element = box.current
    if (!element) return
    const { at_end: stay, key, bottom } = held.current
    if (stay && following) element.scrollTop = element.scrollHeight
    else if (key !== null) {
      const row = element.querySelector<HTMLElement>(`[data-id="${key}"]`)
      if (row) element.scrollTop += row.getBoundingClientRect().bottom - element.getBoundingClientRect().top - bottom
    }
    held.current.at = element.scrollTop
  }

  const newest = useRef(restore)
  newest.current = restore

  useLayoutEffect(() => {
    drawn.current = attached
    restore()
  }, content)
  useEffect(remember, content)
  useEffect(() => {
    const element = box.current
    if (!element) return
    const stay = () => newest.current()
    // A phone's keyboard and a growing composer shrink the list.
    const observer = new ResizeObserver(stay)
    observer.observe(element)
    on_arrival.add(stay)
    return () => {
      observer.disconnect()
      on_arrival.delete(stay)
    }
  }, [box])

  return {
    at_end,
    /** The message at the top, null at the end; the present position, not the drawn one. */
    get reading() {
      return held.current.at_end || held.current.key === null ? null : Number(held.current.key)
    },
    /** The first and the last message on the screen. */
    get shown(): [number, number] | null {
      const element = box.current
      if (!element || held.current.key === null) return null
      const rows = rowsOf(element)
      const last = rows[placeBelow(rows, element.getBoundingClientRect().bottom)] ?? rows[rows.length - 1]
      return [Number(held.current.key), Number(last?.dataset.id)]
    },
    /** The last message that is wholly on the screen or above it; null if there is none. */
    get lastSeen(): number | null {
      const element = box.current
      if (!element) return null
      const rows = rowsOf(element)
      // A pixel more, because sizes are rounded.
      const seen = rows[placeBelow(rows, element.getBoundingClientRect().bottom + 1) - 1]
      return seen ? Number(seen.dataset.id) : null
    },
    remember,
    toEnd() {
      held.current = { at_end: true, key: null, bottom: 0, at: 0 }
      restore()
    },
    /** Centers a message. @returns whether it is in the list */
    toMessage(id: number): boolean {
      const row = box.current?.querySelector<HTMLElement>(`[data-id="${id}"]`)
      if (!row) return false
      row.scrollIntoView({ block: 'center' })
      remember()
      return true
    },
  }
}

const rowsOf = (box: HTMLElement) => box.querySelectorAll<HTMLElement>('[data-id]')

/** The place of the first row whose bottom is below a height, by binary search; the number of rows if there is none. */
function placeBelow(rows: ArrayLike<HTMLElement>, height: number): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rows[middle] as HTMLElement).getBoundingClientRect().bottom > height) high = middle
    else low = middle + 1
  }
  return low
}
