import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Message } from '../../../schemas/message.js'
import { displayName } from '../state/people.js'
import { Avatar, DisplayName, Username, useColorOf } from './avatar.js'
import { memo, useAccount, useAccountState, useApp, useAppState, useTexts } from './hooks.js'
import { Icon } from './icon.js'
import { lazy } from './lazy.js'
import { MessageText } from './message-text.js'
import { clockTime, Time } from './time.js'

const EditMessage = lazy(() => import('./edit-message.js').then(script => script.EditMessage))
const Reactions = lazy(() => import('./reactions.js').then(script => script.Reactions))
const MessageActions = lazy(() => import('./message-actions.js').then(script => script.MessageActions))

interface Props {
  message: Message
  /** The first of its sender's messages in a group: it shows the name. */
  starts_group: boolean
  /** The message that it answers, if that is loaded. */
  quoted: Message | undefined
  own: boolean
  editing: boolean
  /** The row that the Tab key reaches; the arrow keys lead on to its links and buttons. */
  active: boolean
}

export const MessageRow = memo(function MessageRow({ message, starts_group, quoted, own, editing, active }: Props) {
  const account = useAccount()
  const texts = useTexts()
  const language = useAppState('language')
  const name = useAccountState('people', people => displayName(people, message.username))
  const deleted = message.deleted_at !== undefined
  const blocked = useAccountState('blocked', blocked => blocked.has(message.username))
  const unread_by = useAccountState('unread_by', of => (deleted || !of ? 0 : of(message)))
  const [revealed, setRevealed] = useState(false)
  const collapsed = blocked && !revealed && !deleted
  const gone = message.deleted_by === undefined ? texts.deleted_message : texts.deleted_by_moderator
  // The buttons are most of a row's elements: they are drawn only for a row that is pointed at.
  const [pointed, setPointed] = useState(false)
  const row = useRef<HTMLElement>(null)
  const [focus_requests, setFocusRequests] = useState(0)
  useLayoutEffect(() => {
    if (focus_requests > 0) row.current?.querySelector<HTMLElement>('.actions button')?.focus()
  }, [focus_requests])
  /**
   * Moves a screen reader's user, who goes through the page by its content, to the row's buttons: they do not exist
   * before the row is active, and the focus makes it active.
   */
  function focusActions(button: HTMLElement) {
    button.focus()
    setFocusRequests(focus_requests + 1)
  }
  return (
    <article
      ref={row}
      class={`message${starts_group ? ' group-start' : ''}${own ? ' own' : ''}${message.announcement ? ' announcement' : ''}`}
      data-id={message.id}
      aria-label={[
        ...(message.announcement ? [texts.announcement] : []),
        name,
        clockTime(message.created_at, language),
        deleted ? gone : collapsed ? texts.blocked_message : message.text,
      ].join(', ')}
      tabIndex={active ? 0 : -1}
      onPointerEnter={() => setPointed(true)}
      onPointerLeave={() => setPointed(false)}
    >
      {starts_group ? (
        <SenderAvatar username={message.username} name={name} />
      ) : (
        <Time time={message.created_at} bare />
      )}
      <div class="body">
        {starts_group && (
          <header>
            <DisplayName username={message.username} />
            {message.announcement && (
              <span class="announced">
                <Icon name="info" />
                {texts.announcement}
              </span>
            )}
            <Time time={message.created_at} />
            <Username username={message.username} />
          </header>
        )}
        {message.reply_to !== undefined && !collapsed && <Quote id={message.reply_to} quoted={quoted} />}
        {editing ? (
          <EditMessage message={message} />
        ) : deleted ? (
          <p class="text deleted">
            <Icon name="ban" />
            {gone}
          </p>
        ) : collapsed ? (
          <p class="text deleted">
            {texts.blocked_message}{' '}
            <button type="button" class="link" tabIndex={-1} onClick={() => setRevealed(true)}>
              {texts.show}
            </button>
          </p>
        ) : (
          // A new element for a new text: a browser’s translation has put its own into the old one.
          <MessageText key={message.text} text={message.text} by={message} />
        )}
        {unread_by > 0 && !editing && (
          <span class="unread-by" role="img" aria-label={texts.unread_by(unread_by)} data-count={unread_by} />
        )}
        {message.edited_at !== undefined && !editing && (
          <button
            type="button"
            class="edited"
            tabIndex={-1}
            onClick={() => account.showDialog({ name: 'versions', message })}
          >
            ({texts.edited})
          </button>
        )}
        {message.reactions && message.reactions.length > 0 && !deleted && !collapsed && <Reactions message={message} />}
        {!deleted && !editing && (
          // Without text, which would be copied together with the message's.
          <button
            type="button"
            class="focus-actions"
            tabIndex={-1}
            aria-label={texts.message_actions}
            onClick={event => focusActions(event.currentTarget)}
          />
        )}
      </div>
      {!deleted && !editing && (active || pointed) && <MessageActions message={message} is_own={own} />}
    </article>
  )
})

function SenderAvatar({ username, name }: { username: string; name: string }) {
  const account = useAccount()
  return (
    <button
      type="button"
      class="plain"
      tabIndex={-1}
      aria-label={name}
      onClick={() => account.showDialog({ name: 'profile', username })}
    >
      <Avatar username={username} />
    </button>
  )
}

export function Quote({ id, quoted }: { id: number; quoted: Message | undefined }) {
  const { router } = useApp()
  const texts = useTexts()
  const color = useColorOf(quoted?.username ?? '')
  const blocked = useAccountState('blocked', blocked => blocked.has(quoted?.username ?? ''))
  return (
    <button
      type="button"
      class="quote"
      style={quoted && { '--edge': color }}
      tabIndex={-1}
      onClick={() => router.goToMessage(id)}
    >
      {quoted ? (
        <>
          <DisplayName username={quoted.username} />
          <span key={quoted.text} dir="auto">
            {blocked
              ? texts.blocked_message
              : quoted.deleted_at === undefined
                ? quoted.text.trim().split('\n', 1)
                : texts.deleted_message}
          </span>
        </>
      ) : (
        <span>{texts.original_message}</span>
      )}
    </button>
  )
}
