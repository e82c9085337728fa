import type { Message } from '../../../schemas/message.js'
import { ApiError } from '../../client/index.js'
import type { Outgoing } from '../state/state.js'
import { explain } from '../words/index.js'
import { Avatar, PersonName } from './avatar.js'
import { Quote } from './message.js'
import { Text } from './text.js'
import { Time } from './time.js'
import { useApp, useWords } from './use.js'

interface Props {
  one: Outgoing
  me: string
  leads: boolean
  quoted: Message | undefined
}

/** A message that is on its way or was refused. Its text is never lost. */
export function OutgoingRow({ one, me, leads, quoted }: Props) {
  const app = useApp()
  const words = useWords()
  return (
    <article class={`message outgoing${leads ? ' leads' : ''}${one.failed ? ' failed' : ''}`} tabIndex={-1}>
      {leads ? <Avatar username={me} /> : <span />}
      <div class="body">
        {leads && (
          <header>
            <PersonName username={me} />
            <Time time={one.created_at} />
          </header>
        )}
        {one.reply_to !== undefined && <Quote id={one.reply_to} quoted={quoted} />}
        <Text text={one.text} />
        {one.failed === undefined ? (
          <span class="edited pending">{words.sending}</span>
        ) : (
          <p class="note error" role="alert">
            {words.not_sent} {explain(words, new ApiError(0, one.failed, ''))}{' '}
            <button type="button" class="link" onClick={() => app.retry(one.client_id)}>
              {words.retry}
            </button>{' '}
            <button type="button" class="link" onClick={() => app.discard(one.client_id)}>
              {words.discard}
            </button>
          </p>
        )}
      </div>
    </article>
  )
}
