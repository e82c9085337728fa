import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Message } from '../../../schemas/message.js'
import type { Room } from '../../../schemas/room.js'
import { markWords } from '../text/match.js'
import { Avatar, DisplayName } from './avatar.js'
import { useAccount, useApp, useTexts } from './hooks.js'
import { Icon } from './icon.js'
import { Panel } from './panel.js'
import { DayAndTime } from './time.js'
import { useEnterKey } from './use-enter-key.js'

/** Searches the room's messages; a click on a result scrolls to it. */
export function SearchPanel({ room }: { room: Room }) {
  const { router } = useApp()
  const account = useAccount()
  const texts = useTexts()
  const field = useRef<HTMLInputElement>(null)
  /** Newest first; null before the first search. */
  const [hits, setHits] = useState<readonly Message[] | null>(null)
  const [next, setNext] = useState<number | undefined>()
  const [query, setQuery] = useState('')
  /** Responses may overtake each other: only the one to the last request counts. */
  const requests = useRef(0)

  useLayoutEffect(() => field.current?.focus(), [])

  async function search(q: string, before?: number) {
    if (q.trim() === '') return
    setQuery(q)
    const request = ++requests.current
    const page = await account.attempt(account.http.search(room.id, { q, ...(before !== undefined && { before }) }))
    if (!page || request !== requests.current) return
    const found = [...page.messages].reverse()
    setHits(known => (before === undefined ? found : [...(known ?? []), ...found]))
    setNext(page.has_more ? (page.next_before ?? page.messages[0]?.id) : page.next_before)
  }
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
            aria-label={texts.search_hint}
            placeholder={texts.search_hint}
          />
        </form>
      </search>
      <div class="panel-body scrolls">
        <p class="hit-count" aria-live="polite">
          {hits &&
            (hits.length === 0 && next === undefined
              ? texts.search_nothing
              : texts.hit_count(hits.length, next !== undefined))}
        </p>
        <ul class="hits">
          {hits?.map(message => (
            <li key={message.id}>
              <button
                type="button"
                class="hit"
                onClick={() => {
                  if (!matchMedia('(min-width: 64rem)').matches) account.showPanel(null)
                  router.go({ room_id: room.id, message: message.id })
                }}
              >
                <Avatar username={message.username} />
                <span class="hit-head">
                  <DisplayName username={message.username} />
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
            {texts.search_more}
          </button>
        )}
      </div>
    </Panel>
  )
}
