import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Room } from '../../../schemas/room.js'
import type { Translation } from '../i18n/index.js'
import { openDirect } from '../state/direct-actions.js'
import type { Person } from '../state/state.js'
import { markName } from '../text/match.js'
import { foundPeople, foundRooms } from '../text/switcher.js'
import { unreadCount } from '../text/unread-count.js'
import { AvatarOf, RoomSign } from './avatar.js'
import { Dialog } from './dialog.js'
import { useAccount, useAccountState, useApp, useOwnTexts, useTexts } from './hooks.js'
import { Icon } from './icon.js'
import { useEnterKey } from './use-enter-key.js'

const en = {
  nothing_found: 'Nothing found.',
  find_by_leads: '',
  key_choose: 'Choose',
  key_open: 'Open',
}
const ko: Translation<typeof en> = {
  nothing_found: '검색 결과가 없어요.',
  find_by_leads: '초성으로도 찾을 수 있어요',
  key_choose: '고르기',
  key_open: '열기',
}

/** Goes to a room or a person by a part of the name: Enter opens the chosen row, the arrow keys choose another. */
export function Switcher() {
  const { router } = useApp()
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const rooms = useAccountState('rooms')
  const people = useAccountState('people')
  const me = useAccountState('me', me => me.username)
  const [query, setQuery] = useState('')
  const [chosen, setChosen] = useState(0)
  const field = useRef<HTMLInputElement>(null)
  const list = useRef<HTMLDivElement>(null)

  const found_rooms = foundRooms([...rooms.values()], query)
  const found_people = foundPeople([...people.values()], query, me)
  const count = found_rooms.length + found_people.length
  const choose = (at: number) => count > 0 && setChosen((at + count) % count)

  function open(at: number) {
    const room = found_rooms[at]
    const person = found_people[at - found_rooms.length]
    if (room) {
      account.showDialog(null)
      router.go({ room_id: room.id, message: null })
    } else if (person) account.attempt(openDirect(account, router, [person.username]))
  }
  useEnterKey(field, () => open(chosen))
  useLayoutEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [chosen])

  const row = (at: number) => ({
    id: `hit-${at}`,
    chosen: at === chosen,
    onClick: () => open(at),
    onPointerMove: () => setChosen(at),
  })
  return (
    <Dialog title={texts.switcher} class="switcher">
      <div class="switcher-head with-icon">
        <Icon name="search" />
        <input
          ref={field}
          type="text"
          role="combobox"
          autocomplete="off"
          aria-label={texts.find_anything}
          placeholder={texts.find_anything}
          aria-expanded={true}
          aria-controls="switcher-hits"
          aria-activedescendant={count > 0 ? `hit-${chosen}` : undefined}
          value={query}
          onInput={event => {
            setQuery(event.currentTarget.value)
            setChosen(0)
          }}
          onKeyDown={event => {
            if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
            event.preventDefault()
            choose(chosen + (event.key === 'ArrowDown' ? 1 : -1))
          }}
        />
      </div>
      <div ref={list} id="switcher-hits" class="switcher-hits scrolls" role="listbox" aria-label={texts.switcher}>
        {found_rooms.length > 0 && (
          // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot stand in a list box
          <div role="group" aria-label={texts.rooms}>
            <p class="group-head" aria-hidden="true">
              {texts.rooms}
            </p>
            {found_rooms.map((room, at) => (
              <RoomHit key={room.id} room={room} query={query} {...row(at)} />
            ))}
          </div>
        )}
        {found_people.length > 0 && (
          // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot stand in a list box
          <div role="group" aria-label={texts.people}>
            <p class="group-head" aria-hidden="true">
              {texts.people}
            </p>
            {found_people.map((person, at) => (
              <PersonHit key={person.username} person={person} query={query} {...row(found_rooms.length + at)} />
            ))}
          </div>
        )}
      </div>
      <p class={count === 0 ? 'empty' : 'hidden'} role="status">
        {count === 0 && own.nothing_found}
      </p>
      <p class="switcher-tips" aria-hidden="true">
        <span>
          <kbd>↑</kbd> <kbd>↓</kbd> {own.key_choose}
        </span>
        <span>
          <kbd>Enter</kbd> {own.key_open}
        </span>
        <span class="tip">{own.find_by_leads}</span>
      </p>
    </Dialog>
  )
}

interface HitProps {
  id: string
  query: string
  chosen: boolean
  onClick: () => void
  onPointerMove: () => void
}

function RoomHit({ room, query, chosen, ...row }: HitProps & { room: Room }) {
  const texts = useTexts()
  return (
    <div role="option" aria-selected={chosen} tabIndex={-1} class="switcher-hit" {...row}>
      <RoomSign room={room} />
      <Marked text={room.name} query={query} />
      {room.kind === 'room' && (!room.is_public || room.has_password) && <Icon name="lock" />}
      <span class="note">
        {room.is_member
          ? !room.is_default && room.kind === 'room' && texts.member_count(room.member_count)
          : texts.not_joined}
      </span>
      {room.is_member && room.unread > 0 && (
        <span class="badge">
          <span aria-hidden="true">{unreadCount(room.unread)}</span>
          <span class="hidden">{texts.unread(room.unread)}</span>
        </span>
      )}
    </div>
  )
}

function PersonHit({ person, query, chosen, ...row }: HitProps & { person: Person }) {
  const name = person.display_name || person.username
  return (
    <div role="option" aria-selected={chosen} tabIndex={-1} class="switcher-hit" {...row}>
      <AvatarOf name={name} color={person.avatar_color} />
      <Marked text={name} query={query} />
      {name !== person.username && <span class="note">@{person.username}</span>}
    </div>
  )
}

function Marked({ text, query }: { text: string; query: string }) {
  return (
    <bdi class="switcher-name">
      {markName(text, query).map(({ text, marked }, index) => (marked ? <mark key={index}>{text}</mark> : text))}
    </bdi>
  )
}
