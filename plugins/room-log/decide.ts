import { errors } from '../../schemas/error.js'
import { type EventType, membershipTypes, type StoredEvent } from '../../schemas/event.js'
import {
  foldReacted,
  isReacted,
  type MessageReactions,
  noReactions,
  type Reacted,
  type Store,
  type Target,
} from '../store/index.js'
import type { RoomView } from './view.js'

/** What an event holds besides its actor, time and place. */
type Fields = Pick<StoredEvent, 'target' | 'member' | 'text' | 'reply_to' | 'data'>

/** The message that an entry refers to, as it is just before the event. */
export type TargetState = Target & {
  edits: number
  /** Only for entries that ask for it, with the rows of their users. */
  reactions?: MessageReactions
}

/** One request to append an event. */
export interface Entry {
  type: EventType
  /** The user who acts. */
  username: string
  /** Another user whose membership `decide` looks up. */
  subject?: string
  /** More of them. */
  subjects?: readonly string[]
  client_id: string
  /** The seq of the message that `decide` looks at. */
  message?: number
  /** Whether `decide` looks at its reactions, too. */
  reacts?: true
  /**
   * Decides on the room as it is just before the event. Runs again if other events were stored in between.
   * @param view knows `username`, `subject` and `subjects`
   * @param message the message with seq `message`, if it exists
   * @returns the event's fields, or null if there is nothing to do
   * @throws the error to answer with
   */
  decide(view: RoomView, message: TargetState | undefined): Fields | null
  /** Awaited just before `decide`, each time: reads what it needs and no room's log holds. */
  prepare?: (() => Promise<unknown>) | undefined
  /** Whether a stored event with this client_id is what this entry requests; without it, any event is. */
  isRepeatOf?(event: StoredEvent): boolean
}

export interface Appended {
  event: StoredEvent
  /** Whether the event was already stored, because the request is a retry. */
  repeated: boolean
}

/** An entry in a writer's queue. */
export interface Waiting {
  entry: Entry
  /** Whether the view was read from the store after this entry came, so that it may be refused. */
  fresh: boolean
  resolve(appended: Appended | null): void
  reject(error: unknown): void
}

/** The result of `decide` for one entry of a batch. */
export type Decision = { waiting: Waiting } & (
  | { outcome: 'event'; event: StoredEvent }
  | { outcome: 'nothing' }
  | { outcome: 'refused'; error: unknown }
  /** An earlier entry of the batch has the same client_id. */
  | { outcome: 'same'; as: Waiting }
)

/** The users that `decide` may ask the view for. */
export function usersOf({ username, subject, subjects }: Entry): string[] {
  return [username, ...(subject === undefined ? [] : [subject]), ...(subjects ?? [])]
}

export const keyOf = ({ client_id, username }: Pick<Entry, 'client_id' | 'username'>) => `${client_id} ${username}`

/** The messages that entries refer to, by seq. */
export async function readMessages(store: Store, room_id: string, open: Waiting[]): Promise<Map<number, TargetState>> {
  const seqs = new Set(open.flatMap(({ entry }) => entry.message ?? []))
  if (seqs.size === 0) return new Map()
  const targets = await store.readTargets(room_id, [...seqs])
  const messages = new Map<number, TargetState>(targets.map(target => [target.message.seq, target]))
  const reacting = open.filter(({ entry }) => entry.reacts)
  if (reacting.length === 0) return messages
  const ids = new Set(reacting.flatMap(({ entry }) => entry.message ?? []))
  const usernames = new Set(reacting.map(({ entry }) => entry.username))
  for (const reactions of await store.readReactions(room_id, [...ids], [...usernames])) {
    const message = messages.get(reactions.id)
    if (message) messages.set(reactions.id, { ...message, reactions })
  }
  return messages
}

function applyReaction(messages: Map<number, TargetState>, event: Reacted) {
  const id = event.data.message_id
  const message = messages.get(id)
  if (!message) return
  const reactions = foldReacted(message.reactions ?? noReactions(event.room_id, id), event)
  messages.set(id, { ...message, reactions })
}

/**
 * Decides all entries of a batch one after the other, each on the state that the ones before it would leave.
 * @param view knows all users that the entries name; it is not changed
 * @param messages the messages that the entries refer to, by seq; updated as entries change them
 */
export function decide(
  room_id: string,
  view: RoomView,
  open: Waiting[],
  messages: Map<number, TargetState>,
): Decision[] {
  const created_at = new Date().toISOString()
  const firsts = new Map<string, Waiting>()
  // Events that change the view are applied to a copy, because the commit may fail.
  const changes = open.some(({ entry }) => membershipTypes.has(entry.type))
  const ahead = changes ? view.clone() : view
  let seq = view.seq
  return open.map(waiting => {
    const { entry } = waiting
    const first = firsts.get(keyOf(entry))
    if (first) return { waiting, outcome: 'same', as: first }
    firsts.set(keyOf(entry), waiting)
    try {
      const fields = entry.decide(ahead, entry.message === undefined ? undefined : messages.get(entry.message))
      if (!fields) return { waiting, outcome: 'nothing' }
      const { type, username, client_id } = entry
      const event = { room_id, seq: ++seq, type, username, client_id, created_at, ...fields }
      if (changes) ahead.append([event])
      const target = messages.get(event.target ?? 0)
      if (target) messages.set(target.message.seq, { ...target, newest: event, edits: target.edits + 1 })
      if (isReacted(event)) applyReaction(messages, event)
      return { waiting, outcome: 'event', event }
    } catch (error) {
      return { waiting, outcome: 'refused', error }
    }
  })
}

/** Rejects the entry whose event `seq` gives the room a name that another one has. @returns the other decisions */
export function rejectRenaming(decisions: Decision[], seq: number): Decision[] {
  return decisions.filter(decision => {
    if (decision.outcome !== 'event' || decision.event.seq !== seq) return true
    decision.waiting.reject(new errors.RoomNameTaken(decision.event.data?.name))
    return false
  })
}
