import { useEffect, useState } from 'preact/hooks'
import type { Message, VersionPage } from '../../../schemas/message.js'
import { ApiError } from '../../client/index.js'
import { describeError, type Translation } from '../i18n/index.js'
import { Dialog } from './dialog.js'
import { useAccount, useAccountState, useOwnTexts, useTexts } from './hooks.js'
import { MessageText } from './message-text.js'
import { DayAndTime } from './time.js'

const en = { title: 'Edit history', now: 'Now', original: 'Original' }
const ko: Translation<typeof en> = { title: '수정 기록', now: '현재', original: '처음' }

/** The server's pages of versions; a message has at most 101. */
const PAGE = 100

/** The texts that a message has had, the present one first. */
export function MessageVersions({ message }: { message: Message }) {
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const newest = useAccountState('conversation', view => view?.messages.find(({ id }) => id === message.id) ?? message)
  const [versions, setVersions] = useState<VersionPage['versions']>([])
  const [error, setError] = useState<string | null>(null)
  // Again after an edit; once the message is deleted, nothing of it is shown.
  useEffect(() => {
    let shown = true
    load(account.http, message).then(
      found => shown && setVersions(found.reverse()),
      failed => {
        if (!(failed instanceof ApiError)) throw failed
        if (!shown) return
        setVersions([])
        setError(describeError(texts, failed))
      },
    )
    return () => {
      shown = false
    }
  }, [newest.edited_at, newest.deleted_at])
  return (
    <Dialog title={own.title}>
      {error !== null && (
        <p class="note error" role="alert">
          {error}
        </p>
      )}
      {versions.length === 0 && error === null && <p class="empty">{texts.loading}</p>}
      <ol class="versions">
        {versions.map(({ seq, text, created_at }, index) => (
          <li key={seq}>
            <p class="note">
              <DayAndTime time={created_at} />
              {index === 0 && <span class="tag">{own.now}</span>}
              {seq === message.id && <span class="tag">{own.original}</span>}
            </p>
            <MessageText text={text} />
          </li>
        ))}
      </ol>
    </Dialog>
  )
}

async function load(http: ReturnType<typeof useAccount>['http'], { room_id, id }: Message) {
  const versions: VersionPage['versions'] = []
  for (;;) {
    const page = await http.versions(room_id, id, { limit: PAGE, after: versions.at(-1)?.seq ?? 0 })
    versions.push(...page.versions)
    if (!page.has_more) return versions
  }
}
