import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Message, SearchPage } from '../../../schemas/message.js'
import type { Translation } from '../i18n/index.js'
import { markWords } from '../text/match.js'
import { number } from '../text/number.js'
import { Avatar, DisplayName } from './avatar.js'
import { useAccount, useAccountState, useApp, useOwnTexts, useTexts } from './hooks.js'
import { Icon } from './icon.js'
import { Panel } from './panel.js'
import { DayAndTime } from './time.js'
import { useEnterKey } from './use-enter-key.js'

const en = {
  search_all_hint: 'Search all your rooms',
  this_room: 'This room',
  own_rooms: 'All my rooms',
  search_nothing: 'No messages found.',
  hit_count: (count: number, more: boolean) => `${number(count)}${more ? '+' : ''} found, newest first`,
  search_more: 'Search older messages',
}
const ko: Translation<typeof en> = {
  search_all_hint: '내 모든 채팅방에서 검색',
  this_room: '이 채팅방',
  own_rooms: '내 모든 채팅방',
  search_nothing: '검색 결과가 없어요.',
  hit_count: (count, more) => `${number(count)}개${more ? ' 이상' : ''} 찾음 · 최신순`,
  search_more: '이전 메시지 더 검색하기',
}

interface Props {
  room_id: string
  /** In all rooms of the user, not only in the open one. */
  everywhere: boolean
}

/** Searches messages; a click on a result scrolls to it. */
export function SearchPanel({ room_id, everywhere }: Props) {
  const { router } = useApp()
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const rooms = useAccountState('rooms')
  const field = useRef<HTMLInputElement>(null)
  /** Newest first; null before the first search. */
  const [hits, setHits] = useState<readonly Message[] | null>(null)
  const [next, setNext] = useState<number | undefined>()
  const [has_more, setHasMore] = useState(false)
  const [query, setQuery] = useState('')
  /** Responses may overtake each other: only the one to the last request counts. */
  const requests = useRef(0)

  useLayoutEffect(() => field.current?.focus(), [])

  async function search(q: string, before?: number) {
    if (q.trim() === '') return
    setQuery(q)
    const request = ++requests.current
    const page = everywhere
      ? await account.attempt(account.http.searchOwn({ q }))
      : await account.attempt(account.http.search(room_id, { q, ...(before !== undefined && { before }) }))
    if (!page || request !== requests.current) return
    const found = [...page.messages].reverse()
    // The list may not have a room yet: the user has just become a member, or is one of more rooms than the list holds.
    const { rooms } = account.store.state
    const unknown = new Set(found.map(({ room_id }) => room_id).filter(id => !rooms.has(id)))
    for (const id of unknown) account.attempt(account.rooms.find(id))
    setHits(known => (before === undefined ? found : [...(known ?? []), ...found]))
    setHasMore(page.has_more)
    setNext((page as SearchPage).next_before)
  }
  useEffect(() => {
    search(query)
  }, [everywhere])
  useEnterKey(field, () => search(field.current?.value ?? ''))

  return (
    <Panel title={texts.search}>
      <search class="search-form">
        <form
          class="with-icon"
          onSubmit={event => {
            event.preventDefault()
            search(field.current?.value ?? '')
          }}
        >
          <Icon name="search" small />
          <input
            ref={field}
            type="search"
            maxLength={200}
            aria-label={everywhere ? own.search_all_hint : texts.search_hint}
            placeholder={everywhere ? own.search_all_hint : texts.search_hint}
          />
        </form>
        <div class="chips">
          <button type="button" aria-pressed={!everywhere} onClick={() => account.showPanel('search')}>
            {own.this_room}
          </button>
          <button type="button" aria-pressed={everywhere} onClick={() => account.showPanel('search_all')}>
            {own.own_rooms}
          </button>
        </div>
      </search>
      <div class="panel-body scrolls">
        <p class="hit-count" aria-live="polite">
          {hits && (hits.length === 0 && !has_more ? own.search_nothing : own.hit_count(hits.length, has_more))}
        </p>
        <ul class="hits">
          {hits?.map(message => (
            <li key={`${message.room_id} ${message.id}`}>
              <button
                type="button"
                class="hit"
                onClick={() => {
                  router.go({ room_id: message.room_id, message: message.id })
                }}
              >
                <Avatar username={message.username} />
                <span class="hit-head">
                  <DisplayName username={message.username} />
                  {everywhere && <bdi class="hit-room">{rooms.get(message.room_id)?.name}</bdi>}
                  <DayAndTime time={message.created_at} />
                </span>
                <span class="hit-text" dir="auto">
                  {markWords(message.text, query).map(({ text, marked }, index) =>
                    marked ? <mark key={index}>{text}</mark> : text,
                  )}
                </span>
              </button>
            </li>
          ))}
        </ul>
        {next !== undefined && (
          <button type="button" class="link" onClick={() => search(query, next)}>
            {own.search_more}
          </button>
        )}
      </div>
    </Panel>
  )
}
