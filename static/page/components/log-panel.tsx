import { useEffect, useRef, useState } from 'preact/hooks'
import type { LogEntry } from '../../../schemas/log-entry.js'
import type { Room } from '../../../schemas/room.js'
import type { Translation } from '../i18n/index.js'
import { displayName } from '../state/people.js'
import type { ConversationView } from '../state/state.js'
import { describeHappening, happeningTexts } from '../text/happenings.js'
import { useAccount, useAccountState, useAppState, useOwnTexts, useTexts } from './hooks.js'
import { Panel, PanelTabs } from './panel.js'
import { DayAndTime } from './time.js'

const en = {
  title: 'Moderation log',
  empty: 'Nothing has happened yet. Bans, mutes, roles and settings will be listed here.',
  until: (time: string) => `Until ${time}`,
}
const ko: Translation<typeof en> = {
  title: '운영 기록',
  empty: '아직 기록이 없어요. 차단, 채팅 금지, 운영진, 설정이 바뀌면 여기에 남아요.',
  until: (time: string) => `${time}까지`,
}

/** Who did what to whom, and why: for moderators. */
export function LogPanel({ view, room }: { view: ConversationView; room: Room }) {
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const [entries, setEntries] = useState<readonly LogEntry[] | null>(null)
  const [next, setNext] = useState<number | undefined>(undefined)
  /** Responses may overtake each other: only those to the last request count. */
  const requests = useRef(0)

  async function load(before?: number) {
    const request = ++requests.current
    let found: LogEntry[] = []
    let from = before
    // A page may be empty and yet lead to another one.
    do {
      const page = await account.attempt(
        account.http.moderationLog(room.id, from === undefined ? {} : { before: from }),
      )
      if (!page || request !== requests.current) return
      found = page.entries
      from = page.next_before
    } while (found.length === 0 && from !== undefined)
    setEntries(known => (before === undefined ? found : [...(known ?? []), ...found]))
    setNext(from)
  }
  useEffect(() => void load(), [room.id, view.changed_at])

  return (
    <Panel title={own.title}>
      <PanelTabs room={room} />
      <div class="panel-body scrolls">
        {entries?.length === 0 && <p class="empty">{own.empty}</p>}
        <ol class="log-entries">
          {entries?.map(entry => (
            <Entry key={entry.seq} entry={entry} />
          ))}
        </ol>
        {next !== undefined && (
          <button type="button" class="link" onClick={() => load(next)}>
            {texts.more_members}
          </button>
        )}
      </div>
    </Panel>
  )
}

function Entry({ entry }: { entry: LogEntry }) {
  const language = useAppState('language')
  const own = useOwnTexts({ en, ko })
  const texts = useOwnTexts(happeningTexts)
  const people = useAccountState('people')
  const until =
    entry.until && new Date(entry.until).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' })
  return (
    <li>
      <p>{describeHappening(entry, username => displayName(people, username), texts, language).join(' · ')}</p>
      {entry.reason && <p dir="auto">{entry.reason}</p>}
      <p class="note">
        <DayAndTime time={entry.created_at} />
        {until && ` · ${own.until(until)}`}
      </p>
    </li>
  )
}
