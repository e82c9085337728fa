import { limits } from '../../../schemas/wire.js'
import type { Account } from '../state/account.js'
import type { Person } from '../state/state.js'
import { matchesName, startsName } from '../text/match.js'
import { AvatarOf } from './avatar.js'
import type { Offer, Source } from './completion-source.js'
import { Icon } from './icon.js'

const texts = {
  en: { all: 'Notify everyone in this room', here: 'Notify members who are online' },
  ko: { all: '이 채팅방의 모두에게 알림', here: '지금 접속 중인 멤버에게 알림' },
}

/** Pages of members that are loaded for one room: names of the others can be typed in full. */
const PAGES_MAX = 5
/** How long members are remembered, ms. */
const FRESH_MS = 60_000

const loaded = new WeakMap<Account, Map<string, { at: number; members: Promise<Person[]> }>>()

async function load({ http }: Account, room_id: string): Promise<Person[]> {
  const members: Person[] = []
  let after: string | undefined
  for (let n = 0; n < PAGES_MAX; n++) {
    const page = await http.members(room_id, { limit: limits.PAGE_MAX, ...(after !== undefined && { after }) })
    for (const member of page.members) members.push({ ...member, status: 'available' })
    after = page.members.at(-1)?.username
    if (!page.has_more) break
  }
  return members
}

/** The members of a room, never anybody else (F21). */
function membersOf(account: Account, room_id: string): Promise<Person[]> {
  const rooms = loaded.get(account) ?? new Map()
  loaded.set(account, rooms)
  const known = rooms.get(room_id)
  const now = performance.now()
  if (known && now - known.at < FRESH_MS) return known.members
  const members = load(account, room_id).catch((): Person[] => {
    rooms.delete(room_id)
    return []
  })
  rooms.set(room_id, { at: now, members })
  return members
}

const rank = ({ username, display_name }: Person, query: string) =>
  startsName(username, query) || startsName(display_name, query) ? 0 : 1

/** Members after an at sign: by username, display name, or leading consonants. */
export const mentionSource: Source = {
  pattern: /(?:^|[^\p{L}\p{N}\p{M}_/\\@＠])(?<word>[@＠](?<query>[\p{L}\p{N}\p{M}_-]{0,30}))$/u,

  async find(query, { account, room, language }) {
    const { me, people, blocked } = account.store.state
    const members = await membersOf(account, room.id)
    const found = members
      .filter(({ username, display_name, is_deleted }) => {
        if (username === me.username || is_deleted || blocked.has(username)) return false
        return matchesName(username, query) || matchesName(display_name, query)
      })
      .map(person => people.get(person.username) ?? person)
      .sort((a, b) => rank(a, query) - rank(b, query))
    const offers = found.map((person): Offer => {
      const { username, display_name } = person
      const row = (
        <>
          <AvatarOf name={display_name} color={person.avatar_color} />
          <bdi class="completion-name">{display_name}</bdi>
          <span class="completion-note">@{username}</span>
        </>
      )
      return { key: username, insert: `@${username} `, row }
    })
    const mayRing = room.member_count <= limits.MENTION_ALL_MAX || room.is_moderator || (me.is_admin && room.is_public)
    const groups = (['all', 'here'] as const).filter(name => mayRing && room.kind === 'room' && name.startsWith(query))
    const all = groups.map((name): Offer => {
      const row = (
        <>
          <span class="completion-sign">
            <Icon name="people" />
          </span>
          <b class="completion-name">@{name}</b>
          <span class="completion-note">{texts[language === 'ko' ? 'ko' : 'en'][name]}</span>
        </>
      )
      return { key: `@${name}`, insert: `@${name} `, row }
    })
    return [...offers.slice(0, 6), ...all]
  },
}
