import { useEffect, useRef, useState } from 'preact/hooks'
import type { Member } from '../../../schemas/member.js'
import type { BanPage } from '../../../schemas/moderation.js'
import type { Room } from '../../../schemas/room.js'
import { ApiError } from '../../client/index.js'
import { describeError } from '../i18n/index.js'
import type { ConversationView } from '../state/state.js'
import { managingTexts } from '../text/managing.js'
import { matchesName } from '../text/match.js'
import { untilName, untilTexts } from '../text/until.js'
import { AvatarOf } from './avatar.js'
import { Field } from './field.js'
import { useAccount, useAccountState, useAppState, useModerates, useOwnTexts, useTexts } from './hooks.js'
import { Icon } from './icon.js'
import { Menu, MenuItem } from './menu.js'
import { Panel, PanelTabs } from './panel.js'

const PAGE = 100
/** Pages that are loaded at once, so that everyone who is online is found in all but the largest rooms. */
const PAGES = 10

/** The members, online ones first. Moderators manage members and bans; the owner also roles, and adds members. */
export function MembersPanel({ view, room }: { view: ConversationView; room: Room }) {
  const account = useAccount()
  const texts = useTexts()
  const managing = useOwnTexts(managingTexts)
  const me = useAccountState('me', me => me.username)
  const [members, setMembers] = useState<readonly Member[]>([])
  const [has_more, setHasMore] = useState(false)
  const [query, setQuery] = useState('')
  const can_manage = room.owner === me && !room.is_default
  const moderates = useModerates(room)
  /** Responses may overtake each other: only those to the last request count. */
  const requests = useRef(0)

  async function load(known: readonly Member[] = []) {
    const request = ++requests.current
    let found = known
    for (let i = 0; i < PAGES; i++) {
      const after = found.at(-1)?.username
      const page = await account.attempt(
        account.http.members(room.id, { limit: PAGE, ...(after !== undefined && { after }) }),
      )
      if (!page || request !== requests.current) return
      found = [...found, ...page.members]
      // Drawn once the first page is there, and again when all are: a list that grows step by step would jump.
      if (i === 0 && known.length === 0) setMembers(found)
      setHasMore(page.has_more)
      if (!page.has_more) break
    }
    setMembers(found)
  }
  // A member who joins or leaves changes the count; a new owner changes the roles.
  useEffect(() => void load(), [room.id, room.member_count, room.owner, view.changed_at])

  const isBelow = ({ username, role }: Member) => moderates && username !== me && (can_manage || role === 'member')
  const isOnline = ({ username, online }: Member) =>
    view.online_count <= view.online.size ? view.online.has(username) : online || view.online.has(username)
  const shown = members.filter(
    ({ username, display_name }) => matchesName(display_name, query) || matchesName(username, query),
  )
  const names = new Map<string, number>()
  for (const { display_name } of members) names.set(display_name, (names.get(display_name) ?? 0) + 1)
  const groups = [
    { online: true, title: managing.online_group, members: shown.filter(isOnline) },
    { online: false, title: managing.offline_group, members: shown.filter(member => !isOnline(member)) },
  ]

  return (
    <Panel title={texts.members}>
      <PanelTabs room={room} />
      <div class="panel-body scrolls">
        {can_manage && <AddMember room={room} added={load} />}
        <div class="with-icon">
          <Icon name="search" small />
          <input
            type="search"
            aria-label={managing.find_member}
            placeholder={managing.find_member}
            value={query}
            onInput={event => setQuery(event.currentTarget.value)}
          />
        </div>
        {groups.map(
          group =>
            group.members.length > 0 && (
              <section key={String(group.online)}>
                <h3 class="group-head">{group.title(group.members.length)}</h3>
                <ul>
                  {group.members.map(member => (
                    <MemberRow
                      key={member.username}
                      member={member}
                      room={room}
                      online={group.online}
                      can_manage={can_manage && member.username !== me}
                      can_moderate={isBelow(member)}
                      changed={load}
                      namesake={(names.get(member.display_name) ?? 0) > 1}
                    />
                  ))}
                </ul>
              </section>
            ),
        )}
        <div aria-live="polite">
          {members.length > 0 && shown.length === 0 && <p class="empty">{managing.no_member_found}</p>}
        </div>
        {has_more && (
          <button type="button" class="link" onClick={() => load(members)}>
            {texts.more_members}
          </button>
        )}
        {moderates && !room.is_default && <Bans room={room} changed_at={view.changed_at} />}
      </div>
    </Panel>
  )
}

interface RowProps {
  member: Member
  room: Room
  online: boolean
  /** The user is the owner, and this is another member. */
  can_manage: boolean
  can_moderate: boolean
  changed: () => Promise<void>
  /** Another member has the same display name. */
  namesake: boolean
}

function MemberRow({ member, room, online, can_manage, can_moderate, changed, namesake }: RowProps) {
  const account = useAccount()
  const texts = useTexts()
  const { username, role, muted } = member
  const own = useOwnTexts(untilTexts)
  const managing = useOwnTexts(managingTexts)
  const language = useAppState('language')
  // The list has it all, so that no row needs a request; a profile that changed since is in the cache.
  const person = useAccountState('people', people => people.get(username))
  const { display_name, avatar_color } = person ?? member
  const name = display_name || username

  function confirm(question: string, action: string, request: () => Promise<unknown>) {
    account.showDialog({ name: 'confirm', question, action, run: () => run(request()) })
  }
  async function run(request: Promise<unknown>) {
    await request
    await Promise.all([account.rooms.refresh(room.id), changed()])
  }
  const { http } = account
  const setRole = () =>
    account.attempt(run(http.setRole(room.id, username, role === 'moderator' ? 'member' : 'moderator')))
  const restrict = (how: 'ban' | 'mute') => account.showDialog({ name: 'restrict', room, username, how })
  const unmute = () => account.attempt(run(http.unmute(room.id, username)))
  const handOver = () =>
    confirm(managing.hand_over_confirm(username), managing.hand_over, () => account.http.handOver(room.id, username))
  const remove = () =>
    confirm(managing.remove_confirm(username), managing.remove, () => account.http.removeMember(room.id, username))

  return (
    <li class="member-row">
      <button
        type="button"
        class={online ? 'member' : 'member offline'}
        title={`@${username}`}
        onClick={() => account.showDialog({ name: 'profile', username })}
      >
        <AvatarOf name={name} color={avatar_color} online={online} status={person?.status} />
        <span class="member-name">
          <bdi class="person">{name}</bdi>
          {namesake && <span class="note">@{username}</span>}
        </span>
        {role !== 'member' && <span class="tag">{role === 'owner' ? managing.owner : managing.moderator}</span>}
        {muted && (
          <span class="tag" title={muted.until && own.until(untilName(muted.until, language))}>
            {managing.muted_member}
          </span>
        )}
        <span class="hidden">{online ? texts.online : texts.offline}</span>
      </button>
      {can_moderate && (
        <Menu label={managing.manage_member(name)}>
          {can_manage && (
            <>
              <MenuItem
                icon="shield"
                label={role === 'moderator' ? managing.dismiss_moderator : managing.appoint_moderator}
                onClick={setRole}
              />
              <MenuItem icon="key" label={managing.hand_over} onClick={handOver} />
              <hr />
            </>
          )}
          {muted ? (
            <MenuItem icon="bell" label={managing.unmute_member} onClick={unmute} />
          ) : (
            <MenuItem icon="bell_off" label={texts.mute_member} onClick={() => restrict('mute')} />
          )}
          <hr />
          {!room.is_default && (
            <>
              <MenuItem icon="ban" label={texts.ban} danger onClick={() => restrict('ban')} />
              <MenuItem icon="out" label={managing.remove} danger onClick={remove} />
            </>
          )}
        </Menu>
      )}
    </li>
  )
}

/** Users who are banned, if there are any. */
function Bans({ room, changed_at }: { room: Room; changed_at: number }) {
  const account = useAccount()
  const own = useOwnTexts(untilTexts)
  const managing = useOwnTexts(managingTexts)
  const language = useAppState('language')
  const [bans, setBans] = useState<BanPage['bans']>([])
  async function load() {
    const page = await account.attempt(account.http.bans(room.id, { limit: PAGE }))
    if (page) setBans(page.bans)
  }
  // A ban of a member changes the count, and so does a user who joins again.
  useEffect(() => void load(), [room.id, room.member_count, changed_at])
  const unban = async (username: string) => {
    await account.attempt(account.http.unban(room.id, username))
    await load()
  }
  return bans.length === 0 ? null : (
    <section>
      <h3 class="group-head">{managing.banned_group(bans.length)}</h3>
      <ul>
        {bans.map(({ username, reason, until }) => (
          <li key={username} class="member-row">
            <span class="member">
              <span class="member-name">
                <bdi class="person">{username}</bdi>
                {reason && <span class="note">{reason}</span>}
                {until && <span class="note">{own.until(untilName(until, language))}</span>}
              </span>
            </span>
            <button type="button" class="link" onClick={() => unban(username)}>
              {managing.unban}
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

function AddMember({ room, added }: { room: Room; added: () => Promise<void> }) {
  const account = useAccount()
  const texts = useTexts()
  const managing = useOwnTexts(managingTexts)
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
      <Field label={managing.add_member} error={error}>
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
