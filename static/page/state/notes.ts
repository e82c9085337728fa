import type { EventFrame } from '../../../schemas/frame.js'
import type { Note } from '../../../schemas/log-entry.js'
import type { Page } from '../../../schemas/message.js'

/** Events that the conversation shows as quiet lines: `noteTypes` of the schemas, which would make the page larger. */
export const NOTE_TYPES: ReadonlySet<string> = new Set([
  'joined',
  'left',
  'removed',
  'banned',
  'role_changed',
  'room_changed',
])
/** Notes that are held; beyond, the oldest are dropped. */
const NOTES_MAX = 1000

/** What happened to members and settings of one room, as far as it is loaded. */
export function createNotes() {
  const held = new Map<number, Note>()
  let found: readonly Note[] = []
  let changed_at = 0

  function add(notes: readonly Note[]) {
    if (notes.length === 0) return
    for (const note of notes) held.set(note.seq, note)
    const sorted = [...held.values()].sort((a, b) => a.seq - b.seq)
    for (const { seq } of sorted.splice(0, sorted.length - NOTES_MAX)) held.delete(seq)
    found = sorted
  }

  return {
    /** The notes in the order of the log, another array after each change; and the last event that was no text. */
    get view() {
      return { notes: found, changed_at }
    },
    page: ({ notes = [] }: Page) => add(notes),
    event(event: EventFrame) {
      if (event.type !== 'message' && event.type !== 'edited') changed_at = event.seq
      if (NOTE_TYPES.has(event.type)) add([event as Note])
    },
    clear() {
      held.clear()
      found = []
    },
  }
}
