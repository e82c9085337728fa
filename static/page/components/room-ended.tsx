import { useRef } from 'preact/hooks'
import { displayName } from '../state/people.js'
import type { ConversationView, Ended } from '../state/state.js'
import { useAccount, useAccountState, useTexts } from './hooks.js'

/** What happened to the room or to the membership, and the text that was not sent. */
export function RoomEnded({ ended, view }: { ended: Ended; view: ConversationView }) {
  const account = useAccount()
  const texts = useTexts()
  const me = useAccountState('me', me => me.username)
  const by = useAccountState('people', people => displayName(people, ended.by))
  const unsent = useRef(account.drafts.get(view.room_id)).current
  const kept = [...view.outgoing.map(({ text }) => text), unsent].filter(text => text.trim() !== '').join('\n\n')
  const name = ended.by === me || ended.by === '' ? '' : by
  return (
    <>
      <h2 dir="auto">{ended.name}</h2>
      <p>
        {ended.how === 'deleted'
          ? texts.room_deleted(name)
          : ended.how === 'left' || name === ''
            ? texts.room_left
            : ended.how === 'banned'
              ? texts.room_banned(name)
              : texts.room_removed(name)}
      </p>
      {kept !== '' && (
        <label class="field">
          <span>{texts.unsent_text}</span>
          <textarea readOnly rows={Math.min(8, kept.split('\n').length + 1)} dir="auto" value={kept} />
        </label>
      )}
    </>
  )
}
