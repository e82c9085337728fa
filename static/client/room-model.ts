import { foldReactions } from '../../schemas/fold-reactions.js'
import type { EventFrame, EventFrames } from '../../schemas/frame.js'
import type { Message, Page, PageQuery } from '../../schemas/message.js'
import type { Reactions } from '../../schemas/reaction.js'
import { limits } from '../../schemas/wire.js'
import type { RoomEvent } from './room-listener.js'

export type RoomModel = ReturnType<typeof createRoomModel>

/**
 * A contiguous window of a room's messages in their present state: a fold of events and history pages, with the same
 * result in whatever order they arrive. The window is `attached` if it reaches the log's end: then new messages join
 * it. Otherwise it ends in the past, and only edits and deletions of its own messages change it.
 *
 * A page shows the room as of its `seq` or later, and may arrive after newer events. So the last events are kept, and
 * those after a page's `seq` are applied to the page.
 *
 * @param me the user, whose reactions are `mine`
 */
export function createRoomModel(me?: string) {
  let messages: Message[] = []
  const places = new Map<number, number>()
  /** What `messages` returns until something changes. */
  let snapshot: readonly Message[] | null = []
  let head = 0
  /** The window's first and last seq; infinite while it is attached. */
  let from = 1
  let upto = Number.POSITIVE_INFINITY
  /** The last events up to `head`, contiguous. */
  let tail: RoomEvent[] = []

  function put(next: Message[]) {
    messages = next
    snapshot = null
    places.clear()
    for (const [place, { id }] of next.entries()) places.set(id, place)
  }

  function change(id: number, changed: (message: Message) => Message) {
    const place = places.get(id)
    const message = messages[place ?? -1]
    // A late edit does not bring a deleted message back.
    if (place === undefined || !message || message.deleted_at !== undefined) return
    messages[place] = changed(message)
    snapshot = null
  }

  function add({ type: _, seq: __, ...message }: EventFrame & { type: 'message' }) {
    if (upto !== Number.POSITIVE_INFINITY || message.id < from || message.id <= (messages.at(-1)?.id ?? 0)) return
    places.set(message.id, messages.length)
    messages.push(present(message))
    snapshot = null
  }

  /** Reactions have a seq of their own, because a page may show them as of a later event than the rest. */
  function react(id: number, seq: number, changed: (message: Message) => Reactions['reactions']) {
    change(id, message =>
      seq <= (message.reactions_seq ?? 0) ? message : { ...message, reactions: changed(message), reactions_seq: seq },
    )
  }

  function apply(event: RoomEvent) {
    if (event.type === 'message') add(event)
    else if (event.type === 'reacted')
      react(event.id, event.seq, ({ reactions = [] }) => foldReactions(reactions, event, me))
    else if (event.type === 'reactions')
      for (const { id, reactions, reactions_seq } of event.messages)
        react(id, reactions_seq, before => keepMine(before, reactions, me))
    else if (event.type === 'edited')
      change(event.id, message => ({
        ...unmentioned(message),
        ...mentionsOf(event),
        text: event.text,
        edited_at: event.created_at,
      }))
    else if (event.type === 'emptied') {
      if ((messages[0]?.id ?? Number.POSITIVE_INFINITY) <= event.upto) put(messages.filter(({ id }) => id > event.upto))
    } else if (event.type === 'deleted')
      change(event.id, message =>
        present({
          ...message,
          deleted_at: event.created_at,
          ...(event.username !== message.username && { deleted_by: event.username }),
        }),
      )
  }

  return {
    /** Oldest first. After a change it is a new array, with a new object for each changed message. */
    get messages(): readonly Message[] {
      snapshot ??= [...messages]
      return snapshot
    },
    get: (id: number): Message | undefined => messages[places.get(id) ?? -1],
    /** The last seq that was seen. */
    get head() {
      return head
    },
    get attached() {
      return upto === Number.POSITIVE_INFINITY
    },
    get has_older() {
      return from > 1
    },

    /** Empties the model: events after `seq` follow. */
    start(seq: number) {
      put([])
      head = seq
      from = seq + 1
      upto = Number.POSITIVE_INFINITY
      tail = []
    },

    /** Applies the log's next event; one that was seen already changes nothing. */
    event(event: RoomEvent) {
      if (event.seq <= head) return
      head = event.seq
      tail.push(event)
      // Trimmed rarely, so that the tail costs next to nothing per event.
      if (tail.length >= 2 * limits.REPLAY_MAX) tail = tail.slice(-limits.REPLAY_MAX)
      apply(event)
    },

    /** The reactions to a message, as the server answered a change of them. */
    reacted: (id: number, { reactions, reactions_seq }: Reactions) => react(id, reactions_seq, () => reactions),

    /**
     * Adds a page of history. A page that touches the window extends it; another replaces it (a jump), except one read
     * with `before`, which can only extend it.
     *
     * @param query the query that the page was requested with
     * @returns false if the page was dropped, because it does not touch the window or is older than the kept events:
     * load it again
     */
    page(page: Page, query: PageQuery): boolean {
      if (page.seq < head - tail.length) return false
      const first = page.messages[0]?.id ?? 1
      const last = page.messages.at(-1)?.id ?? 0
      const { before, after } = query
      // An `after` beyond the log's end, as in a wrong URL, is the end.
      const start = page.messages.length > 0 ? after : after && Math.min(after, page.seq)
      const begins = start !== undefined ? start + 1 : page.has_more ? first : 1
      const ends =
        before !== undefined ? before - 1 : after !== undefined && page.has_more ? last : Number.POSITIVE_INFINITY
      const end = Math.min(upto, Math.max(head, messages.at(-1)?.id ?? 0))
      const touches = begins <= end + 1 && ends >= from - 1
      if (!touches && before !== undefined) return false
      const brought = page.messages.map(present)
      put(touches ? union(messages, brought) : brought)
      from = touches ? Math.min(from, begins) : begins
      upto = touches ? Math.max(upto, ends) : ends
      for (const event of tail) if (event.seq > page.seq) apply(event)
      return true
    },

    /**
     * Keeps the messages between two seqs and `keep` more on each side. A side is trimmed only if it has `slack` more
     * than that. If the newest messages are trimmed, the window is no longer attached.
     */
    trim(first_seq: number, last_seq: number, keep: number, slack = 0) {
      const end = messages.findLastIndex(({ id }) => id <= last_seq)
      if (end === -1) return
      const begin = messages.findLastIndex(({ id }) => id <= first_seq)
      const first = begin > keep + slack ? begin - keep : 0
      const last = messages.length - 1 - end > keep + slack ? end + keep : messages.length - 1
      if (first > 0) from = (messages[first] as Message).id
      if (last < messages.length - 1) upto = (messages[last] as Message).id
      if (last - first + 1 < messages.length) put(messages.slice(first, last + 1))
    },
  }
}

const unmentioned = ({ mentions: _, mentions_all: __, mentions_here: ___, ...message }: Message): Message => message
const mentionsOf = ({ mentions, mentions_all, mentions_here }: EventFrames['edited']) => ({
  ...(mentions && { mentions }),
  ...(mentions_all && { mentions_all }),
  ...(mentions_here && { mentions_here }),
})

/** Marks reactions of the user. If their names are too many to tell, what was known before is the best guess. */
function keepMine({ reactions = [] }: Message, after: Reactions['reactions'], me?: string): Reactions['reactions'] {
  const was = new Set(reactions.filter(({ mine }) => mine).map(({ emoji }) => emoji))
  return after.map(reaction => {
    const { emoji, count, usernames } = reaction
    const isMine = usernames.includes(me ?? '') || (count > usernames.length && was.has(emoji))
    return isMine ? { ...reaction, mine: true } : reaction
  })
}

/** A deleted message has no text and no reactions, mentions nobody, and no longer shows that it was edited. */
function present(message: Message): Message {
  if (message.deleted_at === undefined) return message
  const { edited_at: _, reactions: __, reactions_seq: ___, ...rest } = unmentioned(message)
  return { ...rest, text: '' }
}

/** The messages held have seen every event so far, so a page's copy of one is dropped. */
function union(held: Message[], brought: Message[]): Message[] {
  const ids = new Set(held.map(message => message.id))
  return [...held, ...brought.filter(message => !ids.has(message.id))].sort((a, b) => a.id - b.id)
}
