import { useEffect, useRef } from 'preact/hooks'
import type { Message } from '../../../schemas/message.js'
import { useAccount, useTexts } from './hooks.js'

/** More new messages than this at once are told by their number. */
const SAID_MAX = 3

/** Says what others write while one is here, to who hears the page; never history, nor one's own. */
export function LiveRegion({
  messages,
  attached,
  me,
}: {
  messages: readonly Message[]
  attached: boolean
  me: string
}) {
  const account = useAccount()
  const texts = useTexts()
  const place = useRef<HTMLParagraphElement>(null)
  const said = useRef(0)
  useEffect(() => {
    const last = messages.at(-1)?.id ?? 0
    const before = said.current
    said.current = Math.max(before, last)
    if (before === 0 || !attached || !place.current) return
    const fresh = messages.filter(({ id, username, deleted_at }) => id > before && username !== me && !deleted_at)
    if (fresh.length === 0) return
    const name = (username: string) => account.store.state.people.get(username)?.display_name || username
    place.current.textContent =
      fresh.length > SAID_MAX
        ? texts.jump_to_latest(fresh.length)
        : fresh.map(({ username, text }) => `${name(username)}: ${text}`).join('\n')
  }, [messages, attached, me, texts, account])
  return <p ref={place} class="hidden" aria-live="polite" />
}
