import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import { plural } from '../i18n/en.js'
import type { Translation } from '../i18n/index.js'
import { matchesName } from '../text/match.js'
import { number } from '../text/number.js'
import { RoomTile } from './avatar.js'
import { useAccount, useAccountState, useApp, useOwnTexts, useTexts } from './hooks.js'
import { Icon } from './icon.js'
import { isPlainClick } from './plain-click.js'
import { BackButton } from './room-header.js'

const en = {
  new_room: 'New room',
  all_rooms: 'All',
  sort: 'Sort by',
  orders: { members: 'Most members', name: 'Name', newest: 'Newest' },
  find_room: 'Find a room',
  no_room_found: 'No rooms found.',
  more_rooms: 'Show more rooms',
  no_other_rooms: 'There are no other public rooms yet.',
  search_rooms: (count: number) => `Search ${plural(count, 'public room', 'public rooms')} by name or description`,
}
const ko: Translation<typeof en> = {
  new_room: '새 채팅방',
  all_rooms: '전체',
  sort: '정렬',
  orders: { members: '멤버 많은 순', name: '이름순', newest: '최신순' },
  find_room: '채팅방 검색',
  no_room_found: '검색 결과가 없어요.',
  more_rooms: '채팅방 더 보기',
  no_other_rooms: '다른 공개 채팅방이 아직 없어요.',
  search_rooms: count => `공개 채팅방 ${number(count)}개를 이름이나 소개로 검색`,
}

const orders = {
  members: (a: Room, b: Room) => b.member_count - a.member_count || a.name.localeCompare(b.name),
  name: (a: Room, b: Room) => a.name.localeCompare(b.name),
  newest: (a: Room, b: Room) => Date.parse(b.created_at) - Date.parse(a.created_at),
}
type Order = keyof typeof orders

/** The server is asked for rooms by name once the user has stopped typing for this long, ms. */
const SEARCH_MS = 300

/** All public rooms, to find and join one. */
export function BrowseRooms() {
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const rooms = useAccountState('rooms')
  const status = useAccountState('rooms_status')
  const [query, setQuery] = useState('')
  const [others_only, setOthersOnly] = useState(false)
  const [order, setOrder] = useState<Order>('members')
  const has_more = useAccountState('has_more_rooms')
  const field = useRef<HTMLInputElement>(null)
  const part = query.trim()
  useEffect(() => {
    if (part === '' || !has_more) return
    const timer = setTimeout(() => account.attempt(account.rooms.search(part)), SEARCH_MS)
    return () => clearTimeout(timer)
  }, [part, has_more, account])
  useEffect(() => {
    // No frame tells of public rooms that others created.
    account.rooms.reload()
  }, [account])
  useLayoutEffect(() => {
    // On a phone the keyboard would cover the rooms.
    if (matchMedia('(pointer: fine)').matches) field.current?.focus()
  }, [])

  const all = [...rooms.values()].filter(room => room.is_public)
  const shown = all
    .filter(room => !(others_only && room.is_member))
    .filter(room => matchesName(room.name, query) || matchesName(room.description, query))
    .sort(orders[order])
  return (
    <main class="browse">
      <header class="sheet-head browse-head">
        <BackButton />
        <h2>{texts.browse}</h2>
        <button type="button" class="primary" onClick={() => account.showDialog({ name: 'create_room' })}>
          <Icon name="add" small />
          {own.new_room}
        </button>
      </header>
      <div class="browse-body scrolls">
        <div class="with-icon">
          <Icon name="search" small />
          <input
            ref={field}
            type="search"
            aria-label={has_more ? own.find_room : own.search_rooms(all.length)}
            placeholder={has_more ? own.find_room : own.search_rooms(all.length)}
            value={query}
            onInput={event => setQuery(event.currentTarget.value)}
          />
        </div>
        <div class="browse-tools">
          <div class="chips">
            <button type="button" aria-pressed={!others_only} onClick={() => setOthersOnly(false)}>
              {own.all_rooms}
            </button>
            <button type="button" aria-pressed={others_only} onClick={() => setOthersOnly(true)}>
              {texts.not_joined}
            </button>
          </div>
          <select aria-label={own.sort} value={order} onChange={event => setOrder(event.currentTarget.value as Order)}>
            {(Object.keys(orders) as Order[]).map(key => (
              <option key={key} value={key}>
                {own.orders[key]}
              </option>
            ))}
          </select>
        </div>
        <ul>
          {shown.map(room => (
            <li key={room.id}>
              <Listing room={room} />
            </li>
          ))}
        </ul>
        {has_more && part === '' && (
          <button type="button" class="link" onClick={() => account.attempt(account.rooms.loadMore())}>
            {own.more_rooms}
          </button>
        )}
        <div aria-live="polite">
          {status === 'loading' && <p class="empty">{texts.loading}</p>}
          {status === 'loaded' && shown.length === 0 && (
            <p class="empty">{query.trim() === '' ? own.no_other_rooms : own.no_room_found}</p>
          )}
        </div>
      </div>
    </main>
  )
}

function Listing({ room }: { room: Room }) {
  const { router } = useApp()
  const account = useAccount()
  const texts = useTexts()
  const [busy, setBusy] = useState(false)
  const open = () => router.go({ room_id: room.id, message: null })
  async function join() {
    // The room’s own page asks for the password.
    if (room.has_password) return open()
    setBusy(true)
    const joined = await account.attempt(account.joinRoom(room.id).then(() => true))
    if (joined) await open()
    else setBusy(false)
  }
  return (
    <div class="listing">
      <RoomTile id={room.id} name={room.name} />
      <div class="listing-about">
        <a
          class="listing-name"
          href={`/r/${room.id}`}
          onClick={event => {
            if (!isPlainClick(event)) return
            event.preventDefault()
            open()
          }}
        >
          <bdi>{room.name}</bdi>
          {room.has_password && <Icon name="lock" />}
        </a>
        {room.description !== '' && (
          <span class="description" dir="auto">
            {room.description}
          </span>
        )}
        <span class="note">
          {texts.member_count(room.member_count)}
          {room.has_password && ` · ${texts.password_room}`}
        </span>
      </div>
      {room.is_member ? (
        <span class="joined">
          <Icon name="check" small />
          {texts.joined}
        </span>
      ) : (
        <button type="button" disabled={busy} aria-label={`${texts.join} ${room.name}`} onClick={join}>
          {room.has_password ? `${texts.join}…` : texts.join}
        </button>
      )}
    </div>
  )
}
