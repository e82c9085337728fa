import type { ComponentChildren } from 'preact'
import type { Room } from '../../../schemas/room.js'
import type { Translation } from '../i18n/index.js'
import { number } from '../text/number.js'
import { useAccount, useAccountState, useOwnTexts, useTexts } from './hooks.js'
import { IconButton } from './icon-button.js'

const en = {
  members_of: (count: number) => `Members ${number(count)}`,
}
const ko: Translation<typeof en> = {
  members_of: count => `멤버 ${number(count)}`,
}

/** What opens beside the room, or over it on a narrow screen. */
export function Panel({ title, children }: { title: string; children: ComponentChildren }) {
  const account = useAccount()
  const texts = useTexts()
  return (
    <aside class="panel" aria-label={title}>
      <header class="panel-head">
        <h2>{title}</h2>
        <IconButton icon="close" label={texts.close} onClick={() => account.showPanel(null)} />
      </header>
      {children}
    </aside>
  )
}

/** Between what a room is and the people who are in it. */
export function PanelTabs({ room }: { room: Room }) {
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const panel = useAccountState('panel')
  return (
    <div class="tabs">
      <button type="button" aria-pressed={panel === 'about'} onClick={() => account.showPanel('about')}>
        {texts.about}
      </button>
      <button type="button" aria-pressed={panel === 'members'} onClick={() => account.showPanel('members')}>
        {own.members_of(room.member_count)}
      </button>
    </div>
  )
}
