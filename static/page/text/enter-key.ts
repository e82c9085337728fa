/** The part of the browser's events that is used here. */
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
  | { type: 'blur' }

export interface Verdict {
  /** Send the field's text as it is now. */
  enter: boolean
  /** Call `preventDefault()`. */
  prevent: boolean
}

const NOTHING: Verdict = { enter: false, prevent: false }
const PREVENT: Verdict = { enter: false, prevent: true }
const ENTER: Verdict = { enter: true, prevent: true }

const HANGUL = /^[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff\s]+$/
/** The `keyCode` of a key that an input method has consumed. */
const TAKEN = 229

/** A key that an input method has consumed may be called `Process`; its `code` still identifies it. */
const isEnter = ({ key, code }: { key: string; code: string }) =>
  key === 'Enter' || (key === 'Process' && /^(Numpad)?Enter$/.test(code))

/**
 * Makes one press of Enter send one message with its complete text, whatever an input method does with the key.
 *
 * A Hangul syllable is composed until the next key, so Enter ends the composition and sends; the text is complete only
 * at `compositionend`. In Japanese and Chinese Enter picks a candidate and must send nothing. Browsers differ in the
 * order of `keydown` and `compositionend`; some report the key twice, some as a plain Enter during a composition, and
 * some insert a line break afterwards, into the field that is already empty. A `keyup` is lost when the window changes
 * while the key is down. Some keyboards of Android name no key and only insert the line break.
 */
export function createEnterKey(): (event: EnterEvent) => Verdict {
  let composing = false
  /** The text of the last composition. */
  let composed = ''
  /** Enter was pressed during a composition of Hangul: send when it ends. */
  let wanted = false
  /** Enter has sent, and nothing since has shown that it was released: its `keyup` may never come. */
  let spent = false
  /** The last key was one whose name an Android keyboard does not tell; it may be Enter. */
  let unnamed = false

  function keydown(event: EnterEvent & { type: 'keydown' }): Verdict {
    unnamed = event.key === 'Unidentified'
    if (!isEnter(event)) {
      wanted = false
      spent = false
      return NOTHING
    }
    if (event.shiftKey) return NOTHING
    if (spent || event.repeat) return PREVENT
    if (composing || event.isComposing) {
      wanted = HANGUL.test(composed)
      return wanted ? PREVENT : NOTHING
    }
    spent = true
    // Safari ends the composition before `keydown`: this key ended it.
    if (event.keyCode === TAKEN && composed !== '' && !HANGUL.test(composed)) return PREVENT
    return ENTER
  }

  function lineBreak(): Verdict {
    if (spent) return PREVENT
    if (!unnamed) return NOTHING
    spent = true
    return ENTER
  }

  return event => {
    switch (event.type) {
      case 'compositionstart':
        spent = false
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
        if (/^insert(LineBreak|Paragraph)$/.test(event.inputType)) return lineBreak()
        // A composition is also ended by the Enter that sends.
        if (!/Composition/.test(event.inputType)) spent = false
        return NOTHING
      case 'blur':
        spent = false
        return NOTHING
    }
  }
}
