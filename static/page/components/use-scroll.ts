import type { RefObject } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'

/** Nearer to the end than this counts as at the end, px. */
const NEAR = 48
/** Older messages are loaded at this distance from the first one, px. */
const AHEAD = 600

interface Held {
  at_end: boolean
  /** The message at the top, and its distance from the top, px. */
  key: string | null
  top: number
  /** The scroll position. */
  at: number
}

/**
 * Scroll anchoring for a list of messages: at its end the list stays at the end, elsewhere the message at the top keeps
 * its position, whatever is added above or below it. The browser's own anchoring is off, for not every browser has it.
 *
 * @param attached whether the list's end is the newest message; the list stays at no other end
 * @param content what the list shows: heights change only if one of these does
 * @param near_top called near the first loaded message
 * @param near_end called near the last loaded message
 */
export function useScroll(
  box: RefObject<HTMLElement | null>,
  {
    attached,
    near_top,
    near_end,
    content,
  }: { attached: boolean; near_top: () => void; near_end: () => void; content: readonly unknown[] },
) {
  const [at_end, setAtEnd] = useState(true)
  const held = useRef<Held>({ at_end: true, key: null, top: 0, at: 0 })
  /** `attached` at the last drawing. */
  const drawn = useRef(attached)

  // The user scrolled just now and the scroll event comes later: this drawing must not undo it.
  if (box.current && box.current.scrollTop !== held.current.at) hold(box.current)

  /** @returns the height below the visible part, px */
  function hold(element: HTMLElement): number {
    const rest = element.scrollHeight - element.scrollTop - element.clientHeight
    const top = element.getBoundingClientRect().top
    const first = firstBelow(element.querySelectorAll<HTMLElement>('[data-id]'), top)
    held.current = {
      at_end: drawn.current && rest < NEAR,
      key: first?.dataset.id ?? null,
      top: first ? first.getBoundingClientRect().top - top : 0,
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
    const { at_end: stay, key, top } = held.current
    if (stay) element.scrollTop = element.scrollHeight
    else if (key !== null) {
      const row = element.querySelector<HTMLElement>(`[data-id="${key}"]`)
      if (row) element.scrollTop += row.getBoundingClientRect().top - element.getBoundingClientRect().top - top
    }
    held.current.at = element.scrollTop
  }

  useLayoutEffect(() => {
    drawn.current = attached
    restore()
  }, content)
  useEffect(remember, content)
  useEffect(() => {
    const element = box.current
    if (!element) return
    // A phone's keyboard and a growing composer shrink the list.
    const observer = new ResizeObserver(restore)
    observer.observe(element)
    return () => observer.disconnect()
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
      const rows = element.querySelectorAll<HTMLElement>('[data-id]')
      const last = firstBelow(rows, element.getBoundingClientRect().bottom) ?? rows[rows.length - 1]
      return [Number(held.current.key), Number(last?.dataset.id)]
    },
    remember,
    toEnd() {
      held.current = { at_end: true, key: null, top: 0, at: 0 }
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

/** The first row whose bottom is below a height, by binary search. */
function firstBelow(rows: ArrayLike<HTMLElement>, height: number): HTMLElement | undefined {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rows[middle] as HTMLElement).getBoundingClientRect().bottom > height) high = middle
    else low = middle + 1
  }
  return rows[low]
}
