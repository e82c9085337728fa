import { useEffect, useRef, useState } from 'preact/hooks'
import type { Member, Room } from '../../../schemas/room.js'
import { ApiError } from '../../client/index.js'
import { describeError } from '../i18n/index.js'
import type { ConversationView } from '../state/state.js'
import { Avatar, DisplayName } from './avatar.js'
import { Field } from './field.js'
import { useAccount, useAccountState, useTexts } from './hooks.js'
import { IconButton } from './icon-button.js'

const PAGE = 100

/** The members, online ones first. The owner can add and remove members and hand the room over. */
export function MembersPanel({ view, room }: { view: ConversationView; room: Room }) {
  const account = useAccount()
  const texts = useTexts()
  const me = useAccountState('me', me => me.username)
  const [members, setMembers] = useState<readonly Member[]>([])
  const [has_more, setHasMore] = useState(false)
  const owner = room.owner === me
  /** Responses may overtake each other: only the one to the last request counts. */
  const requests = useRef(0)

  async function load(after?: string) {
    const request = ++requests.current
    const page = await account.attempt(
      account.http.members(room.id, { limit: PAGE, ...(after !== undefined && { after }) }),
    )
    if (!page || request !== requests.current) return
    setMembers(before => (after === undefined ? page.members : [...before, ...page.members]))
    setHasMore(page.has_more)
  }
  // A member who joins or leaves changes the count; a new owner changes the roles.
  useEffect(() => void load(), [room.id, room.member_count, room.owner])

  const isOnline = ({ username, online }: Member) =>
    view.online_count <= view.online.size ? view.online.has(username) : online || view.online.has(username)
  const sorted = [...members].sort((a, b) => Number(isOnline(b)) - Number(isOnline(a)))

  function confirm(question: string, action: string, request: () => Promise<unknown>) {
    const run = async () => {
      await request()
      await account.rooms.refresh(room.id)
    }
    account.showDialog({ name: 'confirm', question, action, run })
  }

  return (
    <aside class="panel" aria-label={texts.members}>
      <header>
        <h2>{texts.members}</h2>
        <IconButton icon="close" label={texts.close} onClick={() => account.showPanel(null)} />
      </header>
      {owner && !room.is_default && <AddMember room={room} added={load} />}
      <ul class="members">
        {sorted.map(member => (
          <li key={member.username}>
            <button
              type="button"
              class="member"
              onClick={() => account.showDialog({ name: 'profile', username: member.username })}
            >
              <Avatar username={member.username} online={isOnline(member)} />
              <span>
                <DisplayName username={member.username} />
                <span class="note">
                  {member.role === 'owner' && `${texts.owner} · `}
                  {isOnline(member) ? texts.online : texts.offline}
                </span>
              </span>
            </button>
            {owner && !room.is_default && member.username !== me && (
              <span class="member-actions">
                <button
                  type="button"
                  class="link"
                  onClick={() =>
                    confirm(texts.hand_over_confirm(member.username), texts.hand_over, () =>
                      account.http.handOver(room.id, member.username),
                    )
                  }
                >
                  {texts.hand_over}
                </button>
                <button
                  type="button"
                  class="link"
                  onClick={() =>
                    confirm(texts.remove_confirm(member.username), texts.remove, () =>
                      account.http.removeMember(room.id, member.username),
                    )
                  }
                >
                  {texts.remove}
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
      {has_more && (
        <button type="button" class="link" onClick={() => load(members.at(-1)?.username)}>
          {texts.more_members}
        </button>
      )}
    </aside>
  )
}

function AddMember({ room, added }: { room: Room; added: () => Promise<void> }) {
  const account = useAccount()
  const texts = useTexts()
  const [name, setName] = useState('')
  const [error, setError] = useState<string | null>(null)
  async function submit(event: Event) {
    event.preventDefault()
    setError(null)
    try {
      await account.http.addMember(room.id, name.trim())
      // The user may have begun to type the next name meanwhile.
      setName(now => (now === name ? '' : now))
      await account.rooms.refresh(room.id)
      await added()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      setError(error.code === 'BAD_REQUEST' ? texts.username_rule : describeError(texts, error))
    }
  }
  return (
    <form class="add-member" onSubmit={submit} noValidate>
      <Field label={texts.add_member} error={error}>
        {attributes => (
          <input
            {...attributes}
            autocomplete="off"
            autocapitalize="none"
            placeholder={texts.username}
            value={name}
            onInput={event => setName(event.currentTarget.value)}
          />
        )}
      </Field>
      <button type="submit" disabled={name.trim() === ''}>
        {texts.add}
      </button>
    </form>
  )
}
