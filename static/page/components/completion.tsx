import type { RefObject } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import type { Translation } from '../i18n/index.js'
import { mentionSource } from './complete-mention.js'
import type { Offer, Source } from './completion-source.js'
import { useAccount, useAppState, useOwnTexts } from './hooks.js'

const en = { completions: 'Suggestions' }
const ko: Translation<typeof en> = { completions: '추천' }

/** Rows that are offered at a time. */
const OFFERED_MAX = 8

const sources: readonly Source[] = [mentionSource]

interface Props {
  field: RefObject<HTMLTextAreaElement | null>
  room: Room
  /** Set while a row can be taken: takes it. */
  take: { current: (() => void) | null }
  /** The text was changed. */
  changed: () => void
}

interface Shown {
  offers: Offer[]
  chosen: number
  /** Where the word begins. */
  start: number
}

/**
 * Offers completions of the word before the caret of the message box, as the user types. Enter or Tab takes the chosen
 * row, the arrow keys choose another, Escape closes the list. While an input method composes a syllable, all keys are
 * its own.
 */
export function Completion({ field, room, take, changed }: Props) {
  const account = useAccount()
  const language = useAppState('language')
  const texts = useOwnTexts({ en, ko })
  const [shown, setShown] = useState<Shown | null>(null)
  const newest = useRef<Shown | null>(null)
  const list = useRef<HTMLDivElement>(null)
  newest.current = shown

  function insert({ offers, chosen, start }: Shown, at = chosen) {
    const element = field.current
    const offer = offers[at]
    if (!element || !offer) return
    element.setRangeText(offer.insert, start, element.selectionEnd, 'end')
    setShown(null)
    changed()
    element.focus()
  }

  useLayoutEffect(() => {
    const element = field.current
    if (!element) return
    /** Answers may overtake each other: only the last one counts. */
    let asked = 0
    async function look() {
      const request = ++asked
      const { value = '', selectionStart = 0, selectionEnd = 0 } = field.current ?? {}
      const before = value.slice(0, selectionStart)
      let next: Shown | null = null
      for (const { pattern, find } of selectionStart === selectionEnd ? sources : []) {
        const { word, query = '' } = pattern.exec(before)?.groups ?? {}
        if (word === undefined) continue
        const offers = (await find(query, { account, room, language })).slice(0, OFFERED_MAX)
        if (offers.length > 0) next = { offers, chosen: 0, start: before.length - word.length }
      }
      if (request === asked) setShown(next)
    }
    const close = () => {
      asked++
      setShown(null)
    }
    function keyDown(event: KeyboardEvent) {
      const open = newest.current
      if (!open || event.isComposing || event.keyCode === 229 || event.ctrlKey || event.altKey || event.metaKey) return
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
      const { length } = open.offers
      if (step !== undefined) setShown({ ...open, chosen: (open.chosen + step + length) % length })
      else if (event.key === 'Tab' && !event.shiftKey) insert(open)
      else if (event.key === 'Escape') close()
      else return
      event.preventDefault()
      // Neither the message box nor the page acts on it.
      event.stopPropagation()
    }
    function selected() {
      if (document.activeElement === element && newest.current) look()
    }
    const { form } = element
    element.addEventListener('input', look)
    element.addEventListener('blur', close)
    document.addEventListener('selectionchange', selected)
    form?.addEventListener('keydown', keyDown, { capture: true })
    // The script may have been loaded after the first letter.
    if (document.activeElement === element) look()
    return () => {
      close()
      element.removeEventListener('input', look)
      element.removeEventListener('blur', close)
      document.removeEventListener('selectionchange', selected)
      form?.removeEventListener('keydown', keyDown, { capture: true })
    }
  }, [field, account, room, language])

  useLayoutEffect(() => {
    take.current = shown && (() => insert(shown))
    const element = field.current
    element?.setAttribute('aria-autocomplete', 'list')
    if (shown) {
      element?.setAttribute('aria-controls', 'completions')
      element?.setAttribute('aria-activedescendant', `completion-${shown.chosen}`)
    } else {
      element?.removeAttribute('aria-controls')
      element?.removeAttribute('aria-activedescendant')
    }
    list.current?.children[shown?.chosen ?? 0]?.scrollIntoView({ block: 'nearest' })
    return () => {
      take.current = null
    }
  }, [shown])

  if (!shown) return null
  return (
    <div ref={list} id="completions" class="completions scrolls" role="listbox" aria-label={texts.completions}>
      {shown.offers.map((offer, at) => (
        // biome-ignore lint/a11y/useFocusableInteractive: the message box keeps the focus
        // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the message box
        <div
          key={offer.key}
          id={`completion-${at}`}
          class="completion"
          role="option"
          aria-selected={at === shown.chosen}
          onPointerMove={() => at !== shown.chosen && setShown({ ...shown, chosen: at })}
          // The field keeps the focus, so that a phone's keyboard stays open.
          onPointerDown={event => event.preventDefault()}
          onClick={() => insert(shown, at)}
        >
          {offer.row}
        </div>
      ))}
    </div>
  )
}
