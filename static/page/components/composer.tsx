import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import { limits } from '../../../schemas/wire.js'
import { displayName } from '../state/people.js'
import type { ConversationView } from '../state/state.js'
import { codePoints } from '../text/validate.js'
import { EmojiPicker } from './emoji-picker.js'
import { useAccount, useAccountState, useApp, useModerates, useTexts } from './hooks.js'
import { Icon } from './icon.js'
import { IconButton } from './icon-button.js'
import { lazy } from './lazy.js'
import { hasTextFocus } from './text-focus.js'
import { TypingIndicator } from './typing-indicator.js'
import { useEnterKey, writesByTouch } from './use-enter-key.js'

const DirectNotice = lazy(() => import('./direct-notice.js').then(script => script.DirectNotice))
const Completion = lazy(() => import('./completion.js').then(script => script.Completion))
const ComposerNotice = lazy(() => import('./composer-notice.js').then(script => script.ComposerNotice))

/** Typing is announced again after this, before it expires at the other clients, ms. */
const TYPING_REPEAT_MS = limits.TYPING_MS / 2

/** The message box. It is a plain textarea, so that nothing disturbs an input method. */
export function Composer({ view, room }: { view: ConversationView; room: Room }) {
  const app = useApp()
  const account = useAccount()
  const texts = useTexts()
  const me = useAccountState('me', me => me.username)
  const is_slow = !useModerates(room) && room.slow_mode_s > 0
  const field = useRef<HTMLTextAreaElement>(null)
  const [over, setOver] = useState(0)
  const [empty, setEmpty] = useState(true)
  /** Nothing can be sent now. */
  const [closed, setClosed] = useState(false)
  const typing_sent = useRef(0)
  const answered = view.messages.find(({ id }) => id === view.replying) ?? view.quotes.get(view.replying ?? 0)
  const answered_name = useAccountState('people', people => displayName(people, answered?.username ?? ''))

  // Before the page is drawn: what the user types from then on is for this room.
  useLayoutEffect(() => {
    if (field.current) field.current.value = account.drafts.get(room.id)
    measure()
  }, [room.id])
  useLayoutEffect(() => {
    // A message that the route names takes the focus itself.
    if (hasTextFocus() || app.router.route.message !== null) return
    // On a phone the keyboard would cover the room that was just opened.
    if (matchMedia('(pointer: fine)').matches) field.current?.focus()
  }, [room.id])
  useLayoutEffect(() => {
    if (view.replying !== null) field.current?.focus()
  }, [view.replying])

  const placeholder = texts.message_room(room.name, room.kind === 'direct')

  function measure(): string {
    const text = field.current?.value ?? ''
    setOver(codePoints(text) - limits.TEXT_MAX)
    setEmpty(text.trim() === '')
    return text
  }
  function changed() {
    const text = measure()
    account.drafts.save(room.id, text)
    const now = performance.now()
    if (text.trim() === '') stopTyping()
    else if (typing_sent.current === 0 || now - typing_sent.current > TYPING_REPEAT_MS) {
      typing_sent.current = now
      account.setTyping(true)
    }
  }
  function stopTyping() {
    if (typing_sent.current === 0) return
    typing_sent.current = 0
    account.setTyping(false)
  }

  /** At the caret, in place of the selection. */
  function insert(text: string) {
    const element = field.current
    element?.setRangeText(text, element.selectionStart, element.selectionEnd, 'end')
    changed()
  }

  async function send() {
    const element = field.current
    const text = element?.value ?? ''
    const conversation = account.conversations.current()
    if (!element || !conversation || closed || text.trim() === '' || codePoints(text) > limits.TEXT_MAX) return
    element.value = ''
    account.drafts.save(room.id, '')
    setOver(0)
    setEmpty(true)
    // The message itself ends it at the other clients.
    typing_sent.current = 0
    // Sent before the list is scrolled to its end, which may need a request.
    conversation.send(text)
    account.dismissWelcome()
    await conversation.toEnd()
  }
  /** Set while a completion can be taken. */
  const take = useRef<(() => void) | null>(null)
  useEnterKey(field, () => (take.current ?? send)())

  function keyDown(event: KeyboardEvent) {
    if (event.isComposing) return
    if (event.key === 'Escape' && view.replying !== null) account.conversations.current()?.reply(null)
    if (event.key !== 'ArrowUp' || field.current?.value !== '') return
    const conversation = account.conversations.current()
    // Not as drawn: ArrowUp right after Enter means the message just sent, which cannot be edited yet.
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
      <div class="composer-box">
        <Completion field={field} room={room} take={take} changed={changed} />
        {(room.muted || is_slow) && <ComposerNotice view={view} room={room} close={setClosed} />}
        {room.kind === 'direct' && <DirectNotice key={room.id} room={room} close={setClosed} />}
        {view.replying !== null && (
          <div class="replying">
            <Icon name="reply" small />
            <b>{answered ? texts.replying_to(answered_name) : texts.replying_to_earlier}</b>
            <span class="replied-text" dir="auto">
              {answered?.text}
            </span>
            <IconButton
              icon="close"
              label={texts.cancel}
              onClick={() => account.conversations.current()?.reply(null)}
            />
          </div>
        )}
        <div class="composer-row">
          <textarea
            ref={field}
            rows={1}
            dir="auto"
            aria-label={placeholder}
            placeholder={placeholder}
            aria-invalid={over > 0}
            readOnly={room.muted !== undefined}
            enterkeyhint={writesByTouch() ? 'enter' : 'send'}
            onInput={changed}
            onKeyDown={keyDown}
            onBlur={stopTyping}
          />
          <EmojiPicker take={insert} done={() => field.current?.focus()} />
          <button
            type="submit"
            class="icon-button send"
            aria-label={texts.send}
            title={texts.send}
            disabled={empty || over > 0 || closed}
            // The field keeps the focus, so that a phone's keyboard stays open.
            onPointerDown={event => event.preventDefault()}
          >
            <Icon name="send" />
          </button>
        </div>
        {over > 0 && (
          <p class="note error" role="alert">
            {texts.too_long(over)}
          </p>
        )}
      </div>
      <div class="composer-under">
        <TypingIndicator names={view.typing} />
        <span class="keys" aria-hidden="true">
          <kbd>Enter</kbd> {texts.send} <kbd>Shift Enter</kbd> {texts.key_line}
        </span>
      </div>
    </form>
  )
}
