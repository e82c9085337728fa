import { useEffect, useId, useRef, useState } from 'preact/hooks'
import type { Invite, NewInvite } from '../../../schemas/invite.js'
import type { Room } from '../../../schemas/room.js'
import { ApiError } from '../../client/index.js'
import { describeError, type Translation } from '../i18n/index.js'
import { displayName } from '../state/people.js'
import { Field } from './field.js'
import { useAccount, useAccountState, useAppState, useOwnTexts, useTexts } from './hooks.js'
import { LinkOnce } from './link-once.js'
import { Panel, PanelTabs } from './panel.js'
import { RevokeAll } from './revoke-all.js'
import { DayAndTime } from './time.js'

const PAGE = 50
const HOUR_S = 3600
const DAY_S = 24 * HOUR_S
/** Choices of the form; 0 is no limit. */
const EXPIRIES_S = [HOUR_S, DAY_S, 7 * DAY_S, 30 * DAY_S, 0]
const USES = [0, 1, 5, 10, 50, 100]
/** Users that a row names; each is looked up, unless the page knows them. */
const NAMES_MAX = 5

const en = {
  title: 'Invitations',
  hint: 'Anyone with the link can join this room, even if it’s private or has a password.',
  expires_after: 'Expires after',
  hour: '1 hour',
  days: (count: number) => (count === 1 ? '1 day' : `${count} days`),
  never: 'Never',
  max_uses: 'Max number of uses',
  no_limit: 'No limit',
  times: (count: number) => (count === 1 ? '1 use' : `${count} uses`),
  create: 'Create link',
  link: 'Invite link',
  valid: (count: number) => `Active ${count}`,
  ended: (count: number) => `Ended ${count}`,
  none: 'No invitations yet.',
  used: (uses: number, max_uses?: number) =>
    max_uses === undefined ? (uses === 1 ? '1 use' : `${uses} uses`) : `${uses} of ${max_uses} uses`,
  by: (name: string) => `Created by ${name}`,
  expires: 'Expires',
  joined: (names: string, more: number) => `Joined: ${names}${more > 0 ? ` and ${more} more` : ''}`,
  revoke: 'Revoke',
  states: { valid: '', used_up: 'Used up', expired: 'Expired', revoked: 'Revoked' },
  too_many: 'This room has 100 active invitations. Revoke one first.',
  show_more: 'Show more',
}
const ko: Translation<typeof en> = {
  title: '초대 링크',
  hint: '링크가 있으면 누구나 참여할 수 있어요. 비공개 채팅방이나 비밀번호가 있는 채팅방도 마찬가지예요.',
  expires_after: '유효 기간',
  hour: '1시간',
  days: count => `${count}일`,
  never: '제한 없음',
  max_uses: '사용 횟수',
  no_limit: '제한 없음',
  times: count => `${count}회`,
  create: '링크 만들기',
  link: '초대 링크',
  valid: count => `사용 가능 ${count}`,
  ended: count => `종료 ${count}`,
  none: '아직 초대 링크가 없어요.',
  used: (uses, max_uses) => (max_uses === undefined ? `${uses}회 사용` : `${max_uses}회 중 ${uses}회 사용`),
  by: name => `${name}님이 만듦`,
  expires: '만료',
  joined: (names, more) => `참여: ${names}${more > 0 ? ` 외 ${more}명` : ''}`,
  revoke: '사용 중지',
  states: { valid: '', used_up: '모두 사용', expired: '기간 만료', revoked: '중지됨' },
  too_many: '사용 가능한 초대 링크가 100개예요. 먼저 하나를 중지해 주세요.',
  show_more: '더 보기',
}

/** For moderators: makes links that open the room, and shows who joined by them. */
export function InvitesPanel({ room }: { room: Room }) {
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const [invites, setInvites] = useState<readonly Invite[] | null>(null)
  const [next, setNext] = useState<number | undefined>()
  const [made, setMade] = useState<NewInvite | null>(null)
  const [error, setError] = useState<string | null>(null)
  const list = useRef<HTMLDivElement>(null)
  /** Responses may overtake each other: only the one to the last request counts. */
  const requests = useRef(0)

  async function attempt(work: () => Promise<unknown>) {
    setError(null)
    try {
      await work()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      setError(error.code === 'TOO_MANY_INVITATIONS' ? own.too_many : describeError(texts, error))
    }
  }
  async function load(known: readonly Invite[] = [], before?: number) {
    const request = ++requests.current
    const page = await account.http.invites(room.id, { limit: PAGE, ...(before && { before }) })
    if (request !== requests.current) return
    setInvites([...known, ...page.invites])
    setNext(page.next)
  }
  // A user who joins changes the count.
  useEffect(() => void attempt(load), [room.id, room.member_count])

  const create = (expires_in_s: number, max_uses: number) =>
    attempt(async () => {
      setMade(
        await account.http.createInvite(room.id, {
          ...(expires_in_s > 0 && { expires_in_s }),
          ...(max_uses > 0 && { max_uses }),
        }),
      )
      await load()
    })
  const revoke = ({ id }: Invite) =>
    attempt(async () => {
      await account.http.revokeInvite(room.id, id)
      if (id === made?.id) setMade(null)
      await load()
      // The button that had the focus is gone.
      list.current?.focus()
    })

  const revokeAll = (created_by: string) =>
    attempt(async () => {
      await account.http.revokeInvitesOf(room.id, created_by)
      setMade(null)
      await load()
      list.current?.focus()
    })

  const groups = [
    { title: own.valid, invites: invites?.filter(({ state }) => state === 'valid') ?? [] },
    { title: own.ended, invites: invites?.filter(({ state }) => state !== 'valid') ?? [] },
  ]
  return (
    <Panel title={own.title}>
      <PanelTabs room={room} />
      <div class="panel-body scrolls">
        <p class="note">{own.hint}</p>
        <Create create={create} />
        {error && (
          <p class="note error" role="alert">
            {error}
          </p>
        )}
        {made && (
          <div class="invite-made" key={made.id}>
            <LinkOnce label={own.link} link={`${location.origin}/i#${made.code}`} />
          </div>
        )}
        <div ref={list} tabIndex={-1}>
          {invites?.length === 0 && <p class="empty">{own.none}</p>}
          {groups.map(
            ({ title, invites }) =>
              invites.length > 0 && (
                <section key={title}>
                  <h3 class="group-head">{title(invites.length)}</h3>
                  <ul class="devices">
                    {invites.map(invite => (
                      <Row key={invite.id} invite={invite} revoke={() => revoke(invite)} />
                    ))}
                  </ul>
                  <RevokeAll invites={invites} revokeAll={revokeAll} />
                </section>
              ),
          )}
        </div>
        {next !== undefined && (
          <button type="button" class="link" onClick={() => attempt(() => load(invites ?? [], next))}>
            {own.show_more}
          </button>
        )}
      </div>
    </Panel>
  )
}

function Create({ create }: { create: (expires_in_s: number, max_uses: number) => Promise<void> }) {
  const own = useOwnTexts({ en, ko })
  const [expires_in_s, setExpiry] = useState(7 * DAY_S)
  const [max_uses, setUses] = useState(0)
  const [busy, setBusy] = useState(false)
  async function submit(event: Event) {
    event.preventDefault()
    if (busy) return
    setBusy(true)
    await create(expires_in_s, max_uses)
    setBusy(false)
  }
  const nameOf = (s: number) => (s === 0 ? own.never : s === HOUR_S ? own.hour : own.days(s / DAY_S))
  return (
    <form class="invite-form" onSubmit={submit}>
      <Field label={own.expires_after}>
        {attributes => (
          <select {...attributes} value={expires_in_s} onChange={event => setExpiry(Number(event.currentTarget.value))}>
            {EXPIRIES_S.map(s => (
              <option key={s} value={s}>
                {nameOf(s)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={own.max_uses}>
        {attributes => (
          <select {...attributes} value={max_uses} onChange={event => setUses(Number(event.currentTarget.value))}>
            {USES.map(uses => (
              <option key={uses} value={uses}>
                {uses === 0 ? own.no_limit : own.times(uses)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <button type="submit" class="primary" disabled={busy}>
        {own.create}
      </button>
    </form>
  )
}

function Row({ invite, revoke }: { invite: Invite; revoke: () => Promise<void> }) {
  const own = useOwnTexts({ en, ko })
  const language = useAppState('language')
  const id = useId()
  const { uses, max_uses, state, expires_at, created_by, joined } = invite
  const account = useAccount()
  const people = useAccountState('people')
  const named = joined.slice(0, NAMES_MAX).map(({ username }) => username)
  const names = named.map(username => displayName(people, username)).join(', ')
  useEffect(() => {
    for (const username of [created_by, ...named]) account.people.lookUpUser(username)
  }, [created_by, named.join()])
  return (
    <li>
      <span id={id}>
        <b>{[own.states[state], own.used(uses, max_uses)].filter(Boolean).join(' · ')}</b>
        {state === 'valid' && expires_at && (
          <span class="note">
            {language === 'en' && `${own.expires} `}
            <DayAndTime time={expires_at} />
            {language === 'ko' && ` ${own.expires}`}
          </span>
        )}
        <span class="note">{own.by(displayName(people, created_by))}</span>
        {joined.length > 0 && <span class="note">{own.joined(names, uses - named.length)}</span>}
      </span>
      {state === 'valid' && (
        <button type="button" aria-describedby={id} onClick={revoke}>
          {own.revoke}
        </button>
      )}
    </li>
  )
}
