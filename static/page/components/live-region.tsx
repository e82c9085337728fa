import { useEffect, useRef } from 'preact/hooks'
import type { Message } from '../../../schemas/message.js'
import { displayName } from '../state/people.js'
import { useAccount, useTexts } from './hooks.js'

/** If more messages than this arrive at once, only their number is announced. */
const MESSAGES_MAX = 3

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
  const region = useRef<HTMLParagraphElement>(null)
  const announced = useRef(0)
  useEffect(() => {
    const last = messages.at(-1)?.id ?? 0
    const before = announced.current
    announced.current = Math.max(before, last)
    if (before === 0 || !attached || !region.current) return
    const fresh = messages.filter(({ id, username, deleted_at }) => id > before && username !== me && !deleted_at)
    if (fresh.length === 0) return
    const { people } = account.store.state
    region.current.textContent =
      fresh.length > MESSAGES_MAX
        ? texts.jump_to_latest(fresh.length)
        : fresh.map(({ username, text }) => `${displayName(people, username)}: ${text}`).join('\n')
  }, [messages, attached, me, texts, account])
  return <p ref={region} class="hidden" aria-live="polite" />
}
