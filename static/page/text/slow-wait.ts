import type { ConversationView } from '../state/state.js'
import { uuidTime } from './uuid-time.js'

const isUuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7/

/**
 * How long the user still has to wait in slow mode, ms. Measured from the user's newest message by the clock of this
 * device, which made its client_id; so a server with another time does not matter.
 */
export function slowWait(
  { messages, outgoing }: Pick<ConversationView, 'messages' | 'outgoing'>,
  me: string,
  slow_mode_s: number,
  now = Date.now(),
): number {
  const last =
    outgoing.findLast(({ failed }) => failed === undefined) ?? messages.findLast(({ username }) => username === me)
  if (last === undefined) return 0
  const sent_at = Date.parse(isUuid7.test(last.client_id) ? uuidTime(last.client_id) : last.created_at)
  const wait_ms = slow_mode_s * 1000
  // Of a device with a clock that is ahead.
  return Math.min(wait_ms, Math.max(0, sent_at + wait_ms - now))
}
