import type { Message } from '../../../schemas/message.js'

export type Line =
  | { kind: 'day'; key: string; time: string }
  | { kind: 'unread'; key: string }
  /** `starts_group`: it does not continue the message above, so it shows its sender. */
  | { kind: 'message'; key: string; message: Message; starts_group: boolean }

/** A sender's messages at most this far apart form a group. */
const GROUP_MS = 5 * 60_000

/**
 * The rows of the message list, from top to bottom.
 * @param day a key of a time's local day
 * @param unread_after other users' messages after this seq are new; the line comes before the first of them
 */
export function layOut(
  messages: readonly Message[],
  { day, unread_after, me }: { day: (time: string) => string; unread_after: number; me: string },
): Line[] {
  const lines: Line[] = []
  let above: Message | undefined
  let shown_day = ''
  let marked = unread_after === 0
  for (const message of messages) {
    const own_day = day(message.created_at)
    const new_day = own_day !== shown_day
    if (new_day) lines.push({ kind: 'day', key: `day ${own_day}`, time: message.created_at })
    shown_day = own_day
    const first_new = !marked && message.id > unread_after && message.username !== me
    if (first_new) lines.push({ kind: 'unread', key: 'unread' })
    marked ||= first_new
    const starts_group = new_day || first_new || !above || !goesOn(above, message)
    lines.push({ kind: 'message', key: keyOf(message), message, starts_group })
    above = message
  }
  return lines
}

/** The same key for an outgoing message and for its later event, so that the row keeps its place. */
export const keyOf = ({ username, client_id }: Pick<Message, 'username' | 'client_id'>) => `${username} ${client_id}`

function goesOn(above: Message, below: Message): boolean {
  const distance = Date.parse(below.created_at) - Date.parse(above.created_at)
  return (
    above.username === below.username &&
    below.reply_to === undefined &&
    above.deleted_at === undefined &&
    distance >= 0 &&
    distance < GROUP_MS
  )
}
