import type { StoredEvent } from '../../schemas/event.js'
import { DEFAULT_ROOM_ID } from '../../schemas/wire.js'

/** The first user to register administers the server, which is in no room's log. */
export const ADMINISTRATOR = 'user-1'
/** The log of what administrators do. */
export const AUDIT = '_audit'

/** What the audit log gives a user. */
export interface Rights {
  blocked: boolean
  is_admin: boolean
}

/** A value that changes with the seqs of a log. */
export class Timeline<T> {
  readonly #seqs: number[] = []
  readonly #values: T[] = []

  constructor(private readonly before: T) {}

  set(seq: number, value: T) {
    this.#seqs.push(seq)
    this.#values.push(value)
  }

  /** After the event with this seq. */
  at(seq: number): T {
    let [from, to] = [0, this.#seqs.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if ((this.#seqs[middle] as number) <= seq) from = middle + 1
      else to = middle
    }
    return from === 0 ? this.before : (this.#values[from - 1] as T)
  }

  /** The values from one seq to another, both included. */
  between(first: number, last: number): T[] {
    return [
      this.at(first),
      ...this.#values.filter((_, n) => (this.#seqs[n] as number) > first && (this.#seqs[n] as number) <= last),
    ]
  }

  /** The first seq after `seq` at which the value is `value`. */
  next(seq: number, value: T): number | undefined {
    return this.#seqs.find((at, n) => at > seq && this.#values[n] === value)
  }

  /** The last seq that changed it; 0 if none did. */
  get changed_at(): number {
    return this.#seqs.at(-1) ?? 0
  }

  get last(): T {
    return this.#values.at(-1) ?? this.before
  }
}

/** A room as its log makes it, at every seq. Written independently of the server's own folds. */
export class Room {
  head = 0
  readonly owner = new Timeline('')
  readonly deleted = new Timeline(false)
  /** The text of each message, null once it is deleted. */
  readonly messages = new Map<number, { author: string; text: Timeline<string | null>; mentions: string[] }>()
  /** The last seq whose message is erased because the room keeps only some. */
  readonly emptied = new Timeline(0)
  readonly settings = new Timeline<NonNullable<StoredEvent['data']>>({})
  readonly #members = new Map<string, Timeline<boolean>>()
  readonly #moderators = new Map<string, Timeline<boolean>>()
  readonly #bans = new Map<string, Timeline<boolean>>()
  isDirect = false
  /** Of a conversation of two, the users who block the other one. */
  readonly blocking = new Timeline<readonly string[]>([])
  readonly #mutes = new Map<string, Timeline<boolean>>()
  readonly #rights = new Map<string, Timeline<Rights>>()
  readonly #invites = new Map<number, Timeline<number>>()
  /** By message and emoji: whether each user reacts. */
  readonly #reactions = new Map<number, Map<string, Map<string, Timeline<boolean>>>>()

  constructor(readonly room_id: string) {}

  #of(timelines: Map<string, Timeline<boolean>>, username: string, before = false): Timeline<boolean> {
    const known = timelines.get(username)
    if (known) return known
    const timeline = new Timeline(before)
    timelines.set(username, timeline)
    return timeline
  }

  memberOf = (username: string) => this.#of(this.#members, username, this.room_id === DEFAULT_ROOM_ID)
  moderatorOf = (username: string) => this.#of(this.#moderators, username)
  /** Bans and mutes of a run never end by time. */
  banOf = (username: string) => this.#of(this.#bans, username)
  muteOf = (username: string) => this.#of(this.#mutes, username)

  /** In the audit log. */
  rightsOf(username: string): Timeline<Rights> {
    const known = this.#rights.get(username)
    if (known) return known
    const timeline = new Timeline({ blocked: false, is_admin: username === ADMINISTRATOR })
    this.#rights.set(username, timeline)
    return timeline
  }

  /** How many users can still join by an invitation: none before it is made. No invitation of a run ends by time. */
  usesLeft(invite: number): Timeline<number> {
    const known = this.#invites.get(invite)
    if (known) return known
    const timeline = new Timeline(0)
    this.#invites.set(invite, timeline)
    return timeline
  }

  /** Whether a user reacts to a message with an emoji. */
  reactionOf(id: number, emoji: string, username: string): Timeline<boolean> {
    const kinds = this.#reactions.get(id) ?? new Map<string, Map<string, Timeline<boolean>>>()
    this.#reactions.set(id, kinds)
    const users = kinds.get(emoji) ?? new Map<string, Timeline<boolean>>()
    kinds.set(emoji, users)
    return this.#of(users, username)
  }

  /** How many users react to a message at the end, by emoji. */
  reactions(id: number): { emoji: string; count: number }[] {
    return [...(this.#reactions.get(id) ?? [])]
      .map(([emoji, users]) => ({ emoji, count: [...users.values()].filter(({ last }) => last).length }))
      .filter(({ count }) => count > 0)
  }

  /** Of a new message. */
  textTimeline = () => new Timeline<string | null>(null)
  isMember = (username: string, seq = this.head) => this.memberOf(username).at(seq)
  members = () => [...this.#members].filter(([, timeline]) => timeline.last).map(([username]) => username)
  /** The owner or a moderator. */
  moderates = (username: string, seq = this.head) =>
    this.owner.at(seq) === username || (this.isMember(username, seq) && this.moderatorOf(username).at(seq))
  textOf = (id: number, seq = this.head) => this.messages.get(id)?.text.at(seq) ?? null

  /** Whom a text mentions at a seq: runs use one spelling, `all` for everybody. */
  mentionedIn(text: string, seq: number): string[] {
    const names = [...text.matchAll(/ @([a-z0-9-]+)/gi)].map(([, name = '']) => name)
    return names.filter(name => name === 'all' || this.isMember(name, seq))
  }

  /** How many messages of others after a mark mention a user, and did so in all their texts. */
  unreadMentions(username: string, mark: number, blocked: string[]): number {
    const since = Math.max(mark, this.memberOf(username).changed_at)
    let count = 0
    for (const [id, { author, text, mentions }] of this.messages) {
      const isFor = mentions.includes(username) || mentions.includes('all')
      if (id > since && author !== username && !blocked.includes(author) && text.last !== null && isFor) count++
    }
    return count
  }

  /** How many messages of others after a mark are there, deleted ones left out. */
  unread(username: string, mark: number): number {
    let count = 0
    for (const [id, { author, text }] of this.messages)
      if (id > mark && author !== username && text.last !== null) count++
    return count
  }
}
