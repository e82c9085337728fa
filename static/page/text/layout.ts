import type { Note } from '../../../schemas/log-entry.js'
import type { Message } from '../../../schemas/message.js'
import type { OutgoingMessage } from '../state/outgoing-message.js'

export type Line =
  | { kind: 'day'; key: string; time: string }
  | { kind: 'unread'; key: string }
  /** What happened to members and settings between two messages of one day. */
  | { kind: 'notes'; key: string; notes: Note[] }
  /** `starts_group`: it does not continue the message above, so it shows its sender. */
  | { kind: 'message'; key: string; message: Message; starts_group: boolean }
  | { kind: 'outgoing'; key: string; one: OutgoingMessage; starts_group: boolean }

/** A group of one sender's messages ends this long after its first message. */
const GROUP_MS = 5 * 60_000

export interface LayoutOptions {
  /** A key of a time's local day. */
  day: (time: string) => string
  /** Other users' messages after this seq are new; the line comes before the first of them. */
  unread_after: number
  me: string
  /** One's own messages that are not in the log yet: they come last. */
  outgoing?: readonly OutgoingMessage[]
  /** In the order of the log; those outside of what the messages span are left out. */
  notes?: readonly Note[]
  /** The messages reach the beginning of the room, and its end. */
  whole?: { start: boolean; end: boolean }
  /** What `groupStarts` found in the last layout: no row on the screen gets or loses its sender. */
  shown?: ReadonlyMap<string, boolean>
}

/** What decides whether a message continues the one above. */
type Said = Pick<Message, 'username' | 'client_id' | 'created_at' | 'reply_to' | 'deleted_at' | 'announcement'>

/** The rows of the message list, from top to bottom. */
export function layOut(
  messages: readonly Message[],
  { day, unread_after, me, outgoing = [], notes = [], whole, shown = new Map() }: LayoutOptions,
): Line[] {
  const lines: Line[] = []
  let above: Said | undefined
  let group_since = 0
  let shown_day = ''
  let marked = unread_after === 0
  const first = whole?.start ? 0 : (messages[0]?.id ?? Number.POSITIVE_INFINITY)
  const last = whole?.end ? Number.POSITIVE_INFINITY : (messages.at(-1)?.id ?? 0)
  const told = notes.filter(({ seq }) => seq > first && seq < last)
  let next = 0

  /** Puts a line for what happened before a message. */
  function tell(before: number) {
    let line: Note[] | undefined
    for (let note = told[next]; note && note.seq < before; note = told[++next]) {
      const own_day = day(note.created_at)
      if (own_day !== shown_day) {
        lines.push({ kind: 'day', key: `day ${own_day}`, time: note.created_at })
        shown_day = own_day
        line = undefined
      }
      if (line === undefined) {
        line = []
        // By what is above it, so that it stays the same line when it grows.
        lines.push({ kind: 'notes', key: `after ${lines.at(-1)?.key}`, notes: line })
        above = undefined
      }
      line.push(note)
    }
  }

  /** Puts the lines that come before a message. @returns whether it starts a group */
  function place(said: Said, is_new: boolean): boolean {
    const own_day = day(said.created_at)
    const new_day = own_day !== shown_day
    if (new_day) lines.push({ kind: 'day', key: `day ${own_day}`, time: said.created_at })
    shown_day = own_day
    const first_new = !marked && is_new
    if (first_new) lines.push({ kind: 'unread', key: 'unread' })
    marked ||= first_new
    const must =
      new_day ||
      first_new ||
      said.username !== above?.username ||
      said.reply_to !== undefined ||
      said.announcement !== above?.announcement
    const age = Date.parse(said.created_at) - group_since
    const ends = above?.deleted_at !== undefined || age < 0 || age >= GROUP_MS
    const starts_group = must || (shown.get(keyOf(said)) ?? ends)
    if (starts_group) group_since = Date.parse(said.created_at)
    above = said
    return starts_group
  }

  for (const message of messages) {
    tell(message.id)
    const starts_group = place(message, message.id > unread_after && message.username !== me)
    lines.push({ kind: 'message', key: keyOf(message), message, starts_group })
  }
  tell(Number.POSITIVE_INFINITY)
  for (const one of outgoing) {
    // This computer's clock may be behind the server's, which the messages above have their time from.
    const since = above?.created_at ?? ''
    const is_behind = one.created_at < since
    const created_at = is_behind ? since : one.created_at
    const said = { ...one, username: me, created_at }
    const starts_group = place(said, false)
    lines.push({ kind: 'outgoing', key: keyOf(said), one: { ...one, created_at }, starts_group })
  }
  return lines
}

/**
 * Which rows of a layout start a group, for the next one. Not the first row: it only shows its sender because nothing
 * above it is loaded.
 */
export function groupStarts(lines: readonly Line[]): Map<string, boolean> {
  const rows = lines.flatMap(line => ('starts_group' in line ? [line] : []))
  return new Map(rows.slice(1).map(({ key, starts_group }) => [key, starts_group]))
}

/** The same key for an outgoing message and for its later event, so that the row keeps its place. */
export const keyOf = ({ username, client_id }: Pick<Message, 'username' | 'client_id'>) => `${username} ${client_id}`
