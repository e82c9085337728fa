import type { Note } from '../../../schemas/log-entry.js'
import type { Message } from '../../../schemas/message.js'
import type { Read, Reads } from '../../../schemas/read-counts.js'

/** How far each member has read, as of an event of the log. */
export interface ReadState {
  seq: number
  marks: ReadonlyMap<string, number>
}

const furthest = (one = 0, other = 0) => Math.max(one, other)

/** What the server says now. Marks that are known already never move back. */
export function readReads({ seq, reads }: Reads, known: ReadState | null): ReadState {
  return {
    seq,
    marks: new Map(reads.map(read => [read.username, furthest(read.seq, known?.marks.get(read.username))])),
  }
}

/** Marks of members that moved; those of others say nothing. */
export function foldSeen(state: ReadState, reads: readonly Read[]): ReadState {
  const marks = new Map(state.marks)
  for (const { username, seq } of reads) {
    if (marks.has(username)) marks.set(username, furthest(seq, marks.get(username)))
  }
  return { seq: state.seq, marks }
}

/** Members who came or went after what the server said: new ones have read everything up to then. */
export function foldMembers(state: ReadState, notes: readonly Note[]): ReadState {
  const marks = new Map(state.marks)
  let { seq } = state
  for (const { type, seq: at, member } of notes) {
    if (at <= state.seq || member === undefined) continue
    if (type === 'joined') marks.set(member, furthest(at, marks.get(member)))
    else if (type === 'left' || type === 'removed' || type === 'banned') marks.delete(member)
    seq = Math.max(seq, at)
  }
  return { seq, marks }
}

/** Members who have not read a message, without its author. */
export function countUnread({ marks }: ReadState, { id, username }: Pick<Message, 'id' | 'username'>): number {
  let count = 0
  for (const [member, seq] of marks) if (seq < id && member !== username) count++
  return count
}
