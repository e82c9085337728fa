import type { Message } from '../../../schemas/message.js'
import { ApiError } from '../../client/index.js'
import { describeError } from '../i18n/index.js'
import type { OutgoingMessage } from '../state/outgoing-message.js'
import { Avatar, DisplayName, Username } from './avatar.js'
import { useAccount, useTexts } from './hooks.js'
import { Icon } from './icon.js'
import { Quote } from './message-row.js'
import { MessageText } from './message-text.js'
import { Time } from './time.js'

interface Props {
  one: OutgoingMessage
  me: string
  starts_group: boolean
  quoted: Message | undefined
}

/** A message that is being sent or was refused. Its text is never lost. */
export function OutgoingMessageRow({ one, me, starts_group, quoted }: Props) {
  const account = useAccount()
  const texts = useTexts()
  return (
    <article
      class={`message own outgoing${starts_group ? ' group-start' : ''}${one.failed ? ' failed' : ''}`}
      tabIndex={-1}
    >
      {starts_group ? <Avatar username={me} /> : <Time time={one.created_at} bare />}
      <div class="body">
        {starts_group && (
          <header>
            <DisplayName username={me} />
            <Time time={one.created_at} />
            <Username username={me} />
          </header>
        )}
        {one.reply_to !== undefined && <Quote id={one.reply_to} quoted={quoted} />}
        <MessageText text={one.text} />
        {one.failed === undefined ? (
          <span class="pending">
            <Icon name="clock" />
            <span class="hidden">{texts.sending}</span>
          </span>
        ) : (
          <p class="not-sent" role="alert">
            <Icon name="alert" />
            <span>
              {texts.not_sent} {describeError(texts, new ApiError(0, one.failed, ''))}
            </span>
            <button type="button" class="link" onClick={() => account.outgoing.retry(one.client_id)}>
              {texts.retry}
            </button>
            <button type="button" class="link" onClick={() => account.outgoing.discard(one.client_id)}>
              {texts.discard}
            </button>
          </p>
        )}
      </div>
    </article>
  )
}
