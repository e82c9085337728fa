import { useEffect, useRef } from 'preact/hooks'
import type { Message } from '../../../schemas/message.js'
import { useAccount, useTexts } from './hooks.js'

/** If more messages than this arrive at once, only their number is announced. */
const SAID_MAX = 3

/** Announces other users' new messages to screen readers; never history or one's own messages. */
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
