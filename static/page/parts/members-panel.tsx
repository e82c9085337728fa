import { useEffect, useRef, useState } from 'preact/hooks'
import type { Member, Room } from '../../../schemas/room.js'
import { ApiError } from '../../client/index.js'
import type { Talk } from '../state/state.js'
import { explain } from '../words/index.js'
import { Avatar, PersonName } from './avatar.js'
import { Field } from './field.js'
import { IconButton } from './icon-button.js'
import { useApp, useSelected, useWords } from './use.js'

const PAGE = 100

/** Who is in the room and who is online; the owner adds, removes and hands over. */
export function MembersPanel({ talk, room }: { talk: Talk; room: Room }) {
  const app = useApp()
  const words = useWords()
  const me = useSelected('me', me => me?.username)
  const [members, setMembers] = useState<readonly Member[]>([])
  const [has_more, setHasMore] = useState(false)
  const owner = room.owner === me
  /** Answers may overtake each other: only the one to the last question counts. */
  const asked = useRef(0)

  async function load(after?: string) {
    const mine = ++asked.current
    const page = await app.attempt(app.http.members(room.id, { limit: PAGE, ...(after !== undefined && { after }) }))
    if (!page || mine !== asked.current) return
    setMembers(before => (after === undefined ? page.members : [...before, ...page.members]))
    setHasMore(page.has_more)
  }
  // Whoever comes or goes changes the count; who hands over, the owner.
  useEffect(() => void load(), [room.id, room.member_count, room.owner])

  const isOnline = ({ username, online }: Member) =>
    talk.online_count <= talk.online.size ? talk.online.has(username) : online || talk.online.has(username)
  const sorted = [...members].sort((a, b) => Number(isOnline(b)) - Number(isOnline(a)))

  function sure(question: string, yes: string, act: () => Promise<unknown>) {
    const then = async () => {
      await act()
      await app.refreshRoom(room.id)
    }
    app.dialog({ name: 'sure', question, yes, act: then })
  }

  return (
    <aside class="panel" aria-label={words.members}>
      <header>
        <h2>{words.members}</h2>
        <IconButton icon="close" label={words.close} onClick={() => app.panel(null)} />
      </header>
      {owner && !room.is_default && <AddMember room={room} added={load} />}
      <ul class="members">
        {sorted.map(member => (
          <li key={member.username}>
            <button
              type="button"
              class="member"
              onClick={() => app.dialog({ name: 'profile', username: member.username })}
            >
              <Avatar username={member.username} online={isOnline(member)} />
              <span>
                <PersonName username={member.username} />
                <span class="note">
                  {member.role === 'owner' && `${words.owner} · `}
                  {isOnline(member) ? words.online : words.offline}
                </span>
              </span>
            </button>
            {owner && !room.is_default && member.username !== me && (
              <span class="member-actions">
                <button
                  type="button"
                  class="link"
                  onClick={() =>
                    sure(words.hand_over_confirm(member.username), words.hand_over, () =>
                      app.http.handOver(room.id, member.username),
                    )
                  }
                >
                  {words.hand_over}
                </button>
                <button
                  type="button"
                  class="link"
                  onClick={() =>
                    sure(words.remove_confirm(member.username), words.remove, () =>
                      app.http.removeMember(room.id, member.username),
                    )
                  }
                >
                  {words.remove}
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
      {has_more && (
        <button type="button" class="link" onClick={() => load(members.at(-1)?.username)}>
          {words.more_members}
        </button>
      )}
    </aside>
  )
}

function AddMember({ room, added }: { room: Room; added: () => Promise<void> }) {
  const app = useApp()
  const words = useWords()
  const [name, setName] = useState('')
  const [error, setError] = useState<string | null>(null)
  async function submit(event: Event) {
    event.preventDefault()
    setError(null)
    try {
      await app.http.addMember(room.id, name.trim())
      // The next name may have been begun meanwhile.
      setName(now => (now === name ? '' : now))
      await app.refreshRoom(room.id)
      await added()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      setError(error.code === 'BAD_REQUEST' ? words.username_rule : explain(words, error))
    }
  }
  return (
    <form class="add-member" onSubmit={submit} noValidate>
      <Field label={words.add_member} error={error}>
        {attributes => (
          <input
            {...attributes}
            autocomplete="off"
            autocapitalize="none"
            placeholder={words.username}
            value={name}
            onInput={event => setName(event.currentTarget.value)}
          />
        )}
      </Field>
      <button type="submit" disabled={name.trim() === ''}>
        {words.add}
      </button>
    </form>
  )
}
