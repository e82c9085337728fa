import type { FunctionComponent } from 'preact'
import { useState } from 'preact/hooks'
import { useOwnTexts } from '../components/hooks.js'
import { BackButton } from '../components/room-header.js'
import { Audit } from './audit.js'
import { AdminDialogs } from './dialogs.js'
import { Overview } from './overview.js'
import { Rooms } from './rooms.js'
import { adminTexts } from './texts.js'
import { Users } from './users.js'

const tabs: Record<'overview' | 'users' | 'rooms' | 'audit', FunctionComponent> = {
  overview: Overview,
  users: Users,
  rooms: Rooms,
  audit: Audit,
}
type Tab = keyof typeof tabs

/** What administrators of the server do. */
export function Administration() {
  const own = useOwnTexts(adminTexts)
  const [tab, setTab] = useState<Tab>('overview')
  const Shown = tabs[tab]
  return (
    <main class="admin">
      <header class="sheet-head">
        <BackButton />
        <h2>{own.title}</h2>
      </header>
      <div class="tabs">
        {(Object.keys(tabs) as Tab[]).map(one => (
          <button key={one} type="button" aria-pressed={tab === one} onClick={() => setTab(one)}>
            {own.tabs[one]}
          </button>
        ))}
      </div>
      <div class="browse-body scrolls">
        <Shown key={tab} />
      </div>
      <AdminDialogs />
    </main>
  )
}
