/** As much of the browser's events as the decision needs. */
export type EnterEvent =
  | { type: 'compositionstart' }
  | { type: 'compositionupdate' | 'compositionend'; data: string }
  | {
      type: 'keydown'
      key: string
      code: string
      keyCode: number
      shiftKey: boolean
      isComposing: boolean
      repeat: boolean
    }
  | { type: 'keyup'; key: string; code: string }
  | { type: 'beforeinput'; inputType: string }

export interface Verdict {
  /** Take the field's text as it is now. */
  enter: boolean
  /** Keep the browser from what it would do. */
  prevent: boolean
}

const NOTHING: Verdict = { enter: false, prevent: false }
const PREVENT: Verdict = { enter: false, prevent: true }
const ENTER: Verdict = { enter: true, prevent: true }

const HANGUL = /^[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff\s]+$/
/** What `keyCode` says of a key that an input method took. */
const TAKEN = 229

/** A key that an input method took may be called `Process`; where it is on the keyboard still tells it. */
const isEnter = ({ key, code }: { key: string; code: string }) =>
  key === 'Enter' || (key === 'Process' && /^(Numpad)?Enter$/.test(code))

/**
 * One press of Enter is one message with its whole text, whatever an input method makes of the key.
 *
 * A syllable of Hangul is composed until the next key, so Enter ends it and sends; the text is whole only at
 * `compositionend`. In Japanese and Chinese Enter picks a candidate and sends nothing. Browsers differ in the order of
 * `keydown` and `compositionend`, some tell the key twice, some as a plain Enter while they compose, and some break
 * the line afterwards, in a field that was emptied already.
 */
export function createEnterKey(): (event: EnterEvent) => Verdict {
  let composing = false
  /** What was composed last. */
  let composed = ''
  /** Enter was pressed in the middle of a syllable. */
  let wanted = false
  /** Enter is down and did its work. */
  let spent = false

  function keydown(event: EnterEvent & { type: 'keydown' }): Verdict {
    if (!isEnter(event)) {
      wanted = false
      return NOTHING
    }
    if (event.shiftKey) return NOTHING
    if (spent || event.repeat) return PREVENT
    if (composing || event.isComposing) {
      wanted = HANGUL.test(composed)
      return wanted ? PREVENT : NOTHING
    }
    spent = true
    // Safari ends the composition first: this is the key that ended it.
    if (event.keyCode === TAKEN && composed !== '' && !HANGUL.test(composed)) return PREVENT
    return ENTER
  }

  return event => {
    switch (event.type) {
      case 'compositionstart':
        composing = true
        composed = ''
        return NOTHING
      case 'compositionupdate':
        composed = event.data || composed
        return NOTHING
      case 'compositionend': {
        composing = false
        composed = event.data || composed
        if (!wanted) return NOTHING
        wanted = false
        spent = true
        return { enter: true, prevent: false }
      }
      case 'keydown':
        return keydown(event)
      case 'keyup':
        if (isEnter(event)) spent = false
        return NOTHING
      case 'beforeinput':
        return spent && /^insert(LineBreak|Paragraph)$/.test(event.inputType) ? PREVENT : NOTHING
    }
  }
}
