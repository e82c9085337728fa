import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Message } from '../../../schemas/message.js'
import { Avatar, PersonName } from './avatar.js'
import { EditBox } from './edit-box.js'
import { Icon } from './icon.js'
import { IconButton } from './icon-button.js'
import { Text } from './text.js'
import { Time } from './time.js'
import { memo, useApp, useWords } from './use.js'

interface Props {
  message: Message
  /** It shows its sender. */
  leads: boolean
  /** What it answers, where that is loaded. */
  quoted: Message | undefined
  own: boolean
  editing: boolean
  /** The one that the keys are at: its buttons can be reached. */
  active: boolean
}

export const MessageRow = memo(function MessageRow({ message, leads, quoted, own, editing, active }: Props) {
  const words = useWords()
  const deleted = message.deleted_at !== undefined
  // The buttons are most of a row's elements, and few rows are ever pointed at.
  const [pointed, setPointed] = useState(false)
  const row = useRef<HTMLElement>(null)
  const [reached, setReached] = useState(0)
  useLayoutEffect(() => {
    if (reached > 0) row.current?.querySelector<HTMLElement>('.actions button')?.focus()
  }, [reached])
  /**
   * Leads to the row's buttons who goes through the page by its content, as screen readers do: the buttons are not
   * there before the row is active, and the focus makes it so.
   */
  function reach(button: HTMLElement) {
    button.focus()
    setReached(reached + 1)
  }
  return (
    <article
      ref={row}
      class={leads ? 'message leads' : 'message'}
      data-id={message.id}
      aria-label={message.username}
      tabIndex={active ? 0 : -1}
      onPointerEnter={() => setPointed(true)}
      onPointerLeave={() => setPointed(false)}
    >
      {leads ? <SenderAvatar username={message.username} /> : <Time time={message.created_at} />}
      <div class="body">
        {leads && (
          <header>
            <PersonName username={message.username} />
            <Time time={message.created_at} />
          </header>
        )}
        {message.reply_to !== undefined && <Quote id={message.reply_to} quoted={quoted} />}
        {editing ? (
          <EditBox message={message} />
        ) : deleted ? (
          <p class="text gone">{words.deleted_message}</p>
        ) : (
          <Text text={message.text} />
        )}
        {message.edited_at !== undefined && !editing && <span class="edited">({words.edited})</span>}
        {!deleted && !editing && (
          // Without a text, which would be copied with the message's.
          <button
            type="button"
            class="reach"
            tabIndex={-1}
            aria-label={words.message_actions}
            onClick={event => reach(event.currentTarget)}
          />
        )}
      </div>
      {!deleted && !editing && (active || pointed) && <Actions message={message} own={own} active={active} />}
    </article>
  )
})

function SenderAvatar({ username }: { username: string }) {
  const app = useApp()
  return (
    <button
      type="button"
      class="plain"
      tabIndex={-1}
      aria-label={username}
      onClick={() => app.dialog({ name: 'profile', username })}
    >
      <Avatar username={username} />
    </button>
  )
}

export function Quote({ id, quoted }: { id: number; quoted: Message | undefined }) {
  const app = useApp()
  const words = useWords()
  return (
    <button type="button" class="quote" onClick={() => app.jump(id)}>
      <Icon name="reply" />
      {quoted ? (
        <>
          <PersonName username={quoted.username} />
          <span dir="auto">{quoted.deleted_at === undefined ? quoted.text : words.deleted_message}</span>
        </>
      ) : (
        <span>{words.original_message}</span>
      )}
    </button>
  )
}

function Actions({ message, own, active }: { message: Message; own: boolean; active: boolean }) {
  const app = useApp()
  const words = useWords()
  const copied = useRef<HTMLSpanElement>(null)
  const tabIndex = active ? 0 : -1

  async function copy() {
    // Over plain HTTP a browser offers no clipboard; the text can still be selected.
    await navigator.clipboard?.writeText(message.text)
    if (copied.current && navigator.clipboard) copied.current.textContent = words.copied
  }
  function remove() {
    // The one of now: until the answer is yes, another room may be shown, which also has a message of this number.
    const conversation = app.talk()
    const act = async () => {
      const error = await conversation?.remove(message.id)
      if (error) throw error
    }
    app.dialog({ name: 'sure', question: words.delete_confirm, yes: words.delete_message, act })
  }

  return (
    <div class="actions">
      <IconButton icon="reply" label={words.reply} tabIndex={tabIndex} onClick={() => app.talk()?.reply(message.id)} />
      {navigator.clipboard && <IconButton icon="copy" label={words.copy} tabIndex={tabIndex} onClick={copy} />}
      {own && (
        <>
          <IconButton
            icon="edit"
            label={words.edit}
            tabIndex={tabIndex}
            onClick={() => app.talk()?.beginEdit(message.id)}
          />
          <IconButton icon="delete" label={words.delete} tabIndex={tabIndex} onClick={remove} />
        </>
      )}
      <span class="hidden" role="status" ref={copied} />
    </div>
  )
}
