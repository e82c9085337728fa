import type { ComponentChildren } from 'preact'
import { useOwnTexts, useTexts } from '../components/hooks.js'
import { Icon } from '../components/icon.js'
import type { useSearch } from './hooks.js'
import { adminTexts } from './texts.js'

interface Props<Row> {
  label: string
  search: ReturnType<typeof useSearch<Row>>
  draw: (row: Row) => ComponentChildren
}

/** A search field, and the rows that are found. */
export function Searched<Row>({ label, search, draw }: Props<Row>) {
  const texts = useTexts()
  const own = useOwnTexts(adminTexts)
  const { q, setQuery, rows, more } = search
  return (
    <>
      <div class="with-icon">
        <Icon name="search" small />
        <input
          type="search"
          aria-label={label}
          placeholder={label}
          value={q}
          onInput={event => setQuery(event.currentTarget.value)}
        />
      </div>
      <ul class="admin-rows">{rows?.map(draw)}</ul>
      {more && (
        <button type="button" class="link" onClick={more}>
          {own.show_more}
        </button>
      )}
      <div aria-live="polite">
        {rows === null && <p class="empty">{texts.loading}</p>}
        {rows?.length === 0 && <p class="empty">{own.nothing_found}</p>}
      </div>
    </>
  )
}
