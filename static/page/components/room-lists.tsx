import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { LastMessage, Room } from '../../../schemas/room.js'
import { sectionsOf } from '../text/room-list.js'
import { unreadCount } from '../text/unread-count.js'
import { RoomSign } from './avatar.js'
import { memo, useAccount, useAccountState, useApp, useAppState, useTexts } from './hooks.js'
import { Icon } from './icon.js'
import { isPlainClick } from './plain-click.js'
import { ListTime } from './time.js'

/** Rooms whose last sender is looked up, so that a long list does not use up the rate limit. */
const LOOKUPS_MAX = 50

/** The user's rooms in sections that collapse. */
export function RoomLists() {
  const known = useAccountState('rooms')
  const account = useAccount()
  const texts = useTexts()
  const rooms = [...known.values()].filter(room => room.is_member)
  const open_id = useAppState('route', route => route.room_id)
  const me = useAccountState('me', me => me.username)
  const muted = useAccountState('muted')
  const favorites = useAccountState('favorites')
  const collapsed = useAccountState('collapsed')
  const isUnread = (room: Room) => room.unread > 0 && room.id !== open_id && !muted.has(room.id)
  const sections = sectionsOf(rooms, { favorites, isUnread })
  // A row that did not change is handed over as it was, and is not even compared.
  const drawn = useRef(new WeakMap<Room, { row: VNode; drawn_for: string }>())
  function draw(room: Room, index: number): VNode {
    const open = room.id === open_id
    const named = index < LOOKUPS_MAX
    const drawn_for = `${me} ${open} ${named}`
    const last = drawn.current.get(room)
    if (last?.drawn_for === drawn_for) return last.row
    const row = (
      <li key={room.id}>
        <RoomLink room={room} open={open} me={me} named={named} />
      </li>
    )
    drawn.current.set(room, { row, drawn_for })
    return row
  }
  const unread_ids = rooms.filter(isUnread).map(({ id }) => id)
  return (
    <>
      {sections.map(({ key, rooms }) => {
        const folded = collapsed.has(key)
        const unread = folded ? rooms.filter(isUnread).length : 0
        return (
          <section key={key} aria-label={texts.sections[key]}>
            <h2>
              <button
                type="button"
                class="section-head"
                aria-expanded={!folded}
                onClick={() => account.mark('collapsed', key, !folded)}
              >
                <Icon name="fold" small />
                {texts.sections[key]}
                {unread > 0 && (
                  <span class="badge">
                    <span aria-hidden="true">{unread}</span>
                    <span class="hidden">{texts.unread_rooms(unread)}</span>
                  </span>
                )}
              </button>
            </h2>
            {!folded && <ul>{rooms.map(draw)}</ul>}
          </section>
        )
      })}
      <MoreUnread ids={unread_ids.join(' ')} />
    </>
  )
}

/** Floats over the end of the list while rooms below it are unread. */
const MoreUnread = memo(function MoreUnread({ ids }: { ids: string }) {
  const texts = useTexts()
  const mark = useRef<HTMLDivElement>(null)
  const [below, setBelow] = useState<readonly Element[]>([])
  useLayoutEffect(() => {
    const list = mark.current?.parentElement
    if (!list) return
    const hidden = new Set<Element>()
    const observer = new IntersectionObserver(
      entries => {
        for (const { target, isIntersecting } of entries) {
          if (isIntersecting) hidden.delete(target)
          else hidden.add(target)
        }
        setBelow([...hidden])
      },
      // Rows above count as visible, so that one which a jump takes from below to above is told, too.
      { root: list, threshold: 0.5, rootMargin: '1000000px 0px 0px' },
    )
    for (const row of list.querySelectorAll('.has-unread')) observer.observe(row)
    setBelow([])
    return () => observer.disconnect()
  }, [ids])
  return (
    <div ref={mark} class={below.length > 0 ? 'more-unread' : undefined}>
      {below.length > 0 && (
        <button type="button" onClick={() => below[0]?.scrollIntoView({ block: 'center' })}>
          <Icon name="down" small />
          {texts.more_unread(below.length)}
        </button>
      )}
    </div>
  )
})

interface LinkProps {
  room: Room
  open: boolean
  me: string
  named: boolean
}

const RoomLink = memo(function RoomLink({ room, open, me, named }: LinkProps) {
  const { router } = useApp()
  const account = useAccount()
  const texts = useTexts()
  const muted = useAccountState('muted', muted => muted.has(room.id))
  const unread = open ? 0 : room.unread
  const draft = open ? '' : account.drafts.get(room.id)
  function click(event: MouseEvent) {
    if (!isPlainClick(event)) return
    event.preventDefault()
    router.go({ room_id: room.id, message: null })
  }
  return (
    <a
      class={`room-link${unread > 0 && !muted ? ' has-unread' : ''}${muted ? ' muted' : ''}`}
      href={`/r/${room.id}`}
      aria-current={open ? 'page' : undefined}
      onClick={click}
    >
      <RoomSign room={room} />
      <span class={room.last_message || draft !== '' || unread > 0 ? 'room-link-top' : 'room-link-top alone'}>
        <bdi class="room-name">{room.name}</bdi>
        {room.kind === 'room' && (!room.is_public || room.has_password) && <Icon name="lock" />}
        {room.kind === 'room' && !room.is_public && <span class="hidden">{texts.private_room}</span>}
        {room.is_public && room.has_password && <span class="hidden">{texts.password_room}</span>}
        {muted && <Icon name="bell_off" />}
        {muted && <span class="hidden">{texts.muted}</span>}
        {room.last_message && <ListTime time={room.last_message.created_at} />}
      </span>
      <span class="room-link-bottom">
        {draft !== '' ? (
          <span class="last-message" dir="auto">
            <span class="draft">{texts.draft}</span> {draft}
          </span>
        ) : (
          room.last_message && (
            <LastLine last={room.last_message} own={room.last_message.username === me} named={named} />
          )
        )}
        {!open && room.unread_mentions > 0 && <MentionBadge count={room.unread_mentions} />}
        {unread > 0 && (
          <span class="badge">
            <span aria-hidden="true">{unreadCount(unread)}</span>
            <span class="hidden">{texts.unread(unread)}</span>
          </span>
        )}
      </span>
    </a>
  )
})

/** How often unread messages mention the user. */
export function MentionBadge({ count }: { count: number }) {
  const texts = useTexts()
  return (
    <span class="badge mention">
      <span aria-hidden="true">@{count > 1 && unreadCount(count)}</span>
      <span class="hidden">{texts.unread_mentions(count)}</span>
    </span>
  )
}

/** The last message, in one line. */
function LastLine({ last, own, named }: { last: LastMessage; own: boolean; named: boolean }) {
  const account = useAccount()
  const texts = useTexts()
  const { username } = last
  const name = useAccountState('people', people => people.get(username)?.display_name) || username
  const blocked = useAccountState('blocked', blocked => blocked.has(username))
  useEffect(() => {
    if (named) account.people.lookUpUser(username)
  }, [named, username, account])
  if (last.deleted_at !== undefined || blocked) {
    return <span class="last-message">{blocked ? texts.blocked_message : texts.deleted_message}</span>
  }
  return (
    <span class="last-message" dir="auto">
      <bdi>{own ? texts.you : name}</bdi>: {last.text}
    </span>
  )
}
