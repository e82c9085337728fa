import type { RefObject } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { createEnterKey, type EnterEvent } from '../text/enter-key.js'

const TYPES = [
  ...['compositionstart', 'compositionupdate', 'compositionend'],
  ...['keydown', 'keyup', 'beforeinput', 'blur'],
] as const

const touch = matchMedia('(pointer: coarse)')

/** Whether the user writes with fingers: then Enter breaks the line, for a button is as near, and no key is held with it. */
export const writesByTouch = () => touch.matches

/**
 * Calls `enter` once per press of Enter in the field, when an input method has completed the text. In a field of several
 * lines Enter breaks the line for users who write by touch.
 */
export function useEnterKey(field: RefObject<HTMLInputElement | HTMLTextAreaElement | null>, enter: () => void) {
  const newest = useRef(enter)
  newest.current = enter
  useLayoutEffect(() => {
    const element = field.current
    if (!element) return
    const decide = createEnterKey()
    const listen = (event: Event) => {
      if (element instanceof HTMLTextAreaElement && writesByTouch()) return
      const verdict = decide(event as unknown as EnterEvent)
      if (verdict.prevent) event.preventDefault()
      if (verdict.enter) newest.current()
    }
    for (const type of TYPES) element.addEventListener(type, listen)
    return () => {
      for (const type of TYPES) element.removeEventListener(type, listen)
    }
  }, [field])
}
