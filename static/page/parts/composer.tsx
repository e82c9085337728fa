import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import { limits } from '../../../schemas/wire.js'
import { displayName } from '../state/people.js'
import type { Talk } from '../state/state.js'
import { codePoints } from '../text/check.js'
import { EmojiPicker } from './emoji.js'
import { Icon } from './icon.js'
import { IconButton } from './icon-button.js'
import { useApp, useSelected, useWords } from './use.js'
import { useEnter } from './use-enter.js'
import { isWriting } from './writing.js'

/** That one writes is told again after this, before it ends by itself at the others, ms. */
const TELL_TYPING_MS = limits.TYPING_MS / 2

/** Where one writes. The field is the browser's own, so that nothing disturbs an input method. */
export function Composer({ talk, room }: { talk: Talk; room: Room }) {
  const app = useApp()
  const words = useWords()
  const me = useSelected('me', me => me?.username ?? '')
  const field = useRef<HTMLTextAreaElement>(null)
  const [over, setOver] = useState(0)
  const [empty, setEmpty] = useState(true)
  const typing_told = useRef(0)
  const answered = talk.replying === null ? undefined : talk.messages.find(({ id }) => id === talk.replying)
  const answered_name = useSelected('people', people => displayName(people, answered?.username ?? ''))

  // Before the page is drawn: what is written from then on is for this room.
  useLayoutEffect(() => {
    if (field.current) field.current.value = app.draft(room.id)
    measure()
  }, [room.id])
  useLayoutEffect(() => {
    // A message that was asked for takes the focus itself.
    if (isWriting() || app.store.state.place.message !== null) return
    // On a phone the keyboard would cover what was just opened.
    if (matchMedia('(pointer: fine)').matches) field.current?.focus()
  }, [room.id])
  useLayoutEffect(() => {
    if (talk.replying !== null) field.current?.focus()
  }, [talk.replying])

  function measure(): string {
    const text = field.current?.value ?? ''
    setOver(codePoints(text) - limits.TEXT_MAX)
    setEmpty(text.trim() === '')
    return text
  }
  function changed() {
    const text = measure()
    app.keepDraft(room.id, text)
    const now = performance.now()
    if (text.trim() === '') stopTyping()
    else if (typing_told.current === 0 || now - typing_told.current > TELL_TYPING_MS) {
      typing_told.current = now
      app.typing(true)
    }
  }
  function stopTyping() {
    if (typing_told.current === 0) return
    typing_told.current = 0
    app.typing(false)
  }

  /** At the caret, in place of what is chosen. */
  function insert(text: string) {
    const element = field.current
    element?.setRangeText(text, element.selectionStart, element.selectionEnd, 'end')
    changed()
  }

  async function send() {
    const element = field.current
    const text = element?.value ?? ''
    const conversation = app.talk()
    if (!element || !conversation || text.trim() === '' || codePoints(text) > limits.TEXT_MAX) return
    element.value = ''
    app.keepDraft(room.id, '')
    setOver(0)
    setEmpty(true)
    // The message ends it at the others, too.
    typing_told.current = 0
    // Sent at once: whether the list can be brought to its end is another matter.
    conversation.send(text)
    app.welcomed()
    await conversation.toEnd()
  }
  useEnter(field, send)

  function keyDown(event: KeyboardEvent) {
    if (event.isComposing) return
    if (event.key === 'Escape' && talk.replying !== null) app.talk()?.reply(null)
    if (event.key !== 'ArrowUp' || field.current?.value !== '') return
    const conversation = app.talk()
    // As it is, not as it was drawn: what was just sent is meant, which can't be edited yet, and not the one before.
    const { messages = [], outgoing = [] } = conversation?.view() ?? {}
    if (outgoing.some(({ failed }) => failed === undefined)) return
    const own = messages.findLast(({ username, deleted_at }) => username === me && deleted_at === undefined)
    if (!own) return
    event.preventDefault()
    conversation?.beginEdit(own.id)
  }

  return (
    <form
      class="composer"
      onSubmit={event => {
        event.preventDefault()
        send()
        field.current?.focus()
      }}
    >
      {talk.replying !== null && (
        <div class="replying">
          <span>{answered ? words.replying_to(answered_name) : words.replying_to_earlier}</span>
          <span class="replied-text" dir="auto">
            {answered?.text}
          </span>
          <IconButton icon="close" label={words.cancel} onClick={() => app.talk()?.reply(null)} />
        </div>
      )}
      <div class="composer-row">
        <textarea
          ref={field}
          rows={1}
          dir="auto"
          aria-label={words.message_room(room.name)}
          placeholder={words.message_room(room.name)}
          aria-invalid={over > 0}
          enterkeyhint="send"
          onInput={changed}
          onKeyDown={keyDown}
          onBlur={stopTyping}
        />
        <EmojiPicker take={insert} done={() => field.current?.focus()} />
        <button
          type="submit"
          class="icon-button send"
          aria-label={words.send}
          title={words.send}
          disabled={empty || over > 0}
          // The field keeps the focus, and a phone its keyboard.
          onPointerDown={event => event.preventDefault()}
        >
          <Icon name="send" />
        </button>
      </div>
      {over > 0 && (
        <p class="note error" role="alert">
          {words.too_long(over)}
        </p>
      )}
    </form>
  )
}
