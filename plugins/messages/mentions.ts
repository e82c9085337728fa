import { errors } from '../../schemas/error.js'
import type { StoredEvent } from '../../schemas/event.js'
import { type Group, groups, mayMention, namesIn, readings, spokenPart } from '../../schemas/mentions.js'
import type { MentionsPage, MentionsQuery } from '../../schemas/message.js'
import { DEFAULT_ROOM_ID, limits } from '../../schemas/wire.js'
import { prices } from '../budgets/index.js'
import type { RoomView } from '../room-log/index.js'
import { moderates, type Person, personOf } from '../rooms/index.js'
import { foldMessage, placeOfMention, type Store } from '../store/index.js'
import { countFitting } from './pages.js'

/** Names that the accounts of one message's mentions are looked up by. */
const NAMES_MAX = 200

/** What a text may mention, before the room decides who is a member. */
export interface Named {
  /** The readings of each name in the text, the longest first, in lower case. */
  names: string[][]
  /** Accounts as registered, by lower-case name. */
  accounts: Map<string, string>
  /** If the text mentions everybody: its author, and the number of members of the default room. */
  everybody?: { person: Person; users: number }
}

type Mentioned = Pick<NonNullable<StoredEvent['data']>, 'mentions' | 'mentions_all' | 'mentions_here'>

/** The price of finding whom a text mentions, µs. */
export const priceOfMentions = (text: string) => (mayMention(text) ? text.split(/[@＠]/).length * prices.mention : 0)

/** What of an entry makes its decision know the accounts. */
export const subjectsOf = (named: Named | null) => (named === null ? {} : { subjects: [...named.accounts.values()] })

const isGroup = (name: string): name is Group => (groups as readonly string[]).includes(name)

/** @throws MentionAllRefused */
function assertMayMentionAll(view: RoomView, { person, users }: NonNullable<Named['everybody']>) {
  const { id, member_count = 0 } = view.room ?? {}
  const count = id === DEFAULT_ROOM_ID ? users : member_count
  if (count > limits.MENTION_ALL_MAX && !moderates(view, person)) throw new errors.MentionAllRefused()
}

/**
 * What a text mentions in a room as it is now: of each name the longest reading that is a member's name, `all` or `here`.
 * @param view knows the accounts
 * @returns null if nothing @throws TooManyMentions, MentionAllRefused
 */
export function mentionsIn(view: RoomView, named: Named | null): Mentioned | null {
  if (named === null) return null
  const { names, accounts, everybody } = named
  const found = new Set<string>()
  for (const options of names) {
    const match = options.find(option => isGroup(option) || view.isMember(accounts.get(option) ?? ''))
    if (match !== undefined) found.add(match)
  }
  const members = [...found].filter(name => !isGroup(name)).map(name => accounts.get(name) as string)
  if (members.length > limits.MENTIONS_MAX) throw new errors.TooManyMentions()
  const [all, here] = groups.map(group => found.has(group))
  if ((all || here) && everybody) assertMayMentionAll(view, everybody)
  if (members.length === 0 && !all && !here) return null
  return {
    ...(members.length > 0 && { mentions: members }),
    ...(all && { mentions_all: true }),
    ...(here && { mentions_here: true }),
  }
}

/** Finds whom texts mention, and lists mentions. */
export function createMentions(store: Store, blocks: (username: string) => Promise<{ username: string }[]>) {
  /** The last look-up of each user that is not done. What the user says next waits for it, so that it stays in order. */
  const under_way = new Map<string, Promise<Named | null>>()

  async function find(username: string, text: string): Promise<Named | null> {
    const distinct = new Set(namesIn(spokenPart(text)).map(({ name }) => name.toLowerCase()))
    if (distinct.size === 0) return null
    const names = [...distinct].map(readings)
    const asked = [...new Set(names.flat())].filter(name => !isGroup(name))
    if (asked.length > NAMES_MAX) throw new errors.TooManyMentions()
    const found = asked.length > 0 ? await store.readUsers(asked) : []
    const accounts = new Map<string, string>()
    for (const { username: name, deletion, blocked } of found) {
      if (deletion === null && !blocked) accounts.set(name.toLowerCase(), name)
    }
    const rings = names.some(options => options.some(isGroup))
    if (!rings) return accounts.size > 0 ? { names, accounts } : null
    return { names, accounts, everybody: { person: await personOf(store, username), users: await store.countUsers() } }
  }

  return {
    /**
     * Looks up the accounts whose names are in a text, without those that are deleted or blocked.
     * @returns null if the text mentions nobody, whatever the room @throws TooManyMentions
     */
    look(username: string, text: string): Promise<Named | null> | null {
      const isLooked = mayMention(text)
      if (!isLooked && under_way.size === 0) return null
      const before = under_way.get(username)
      if (!isLooked)
        return (
          before?.then(
            () => null,
            () => null,
          ) ?? null
        )
      const found = (before ?? Promise.resolve()).then(
        () => find(username, text),
        () => find(username, text),
      )
      under_way.set(username, found)
      const done = () => {
        if (under_way.get(username) === found) under_way.delete(username)
      }
      found.then(done, done)
      return found
    },

    /** Messages that mention the user, newest first, without those by users whom the user blocks. */
    async mentions(
      username: string,
      { limit = limits.PAGE_DEFAULT, before }: MentionsQuery,
    ): Promise<MentionsPage & { examined: number }> {
      const { targets, next, examined } = await store.listMentions(username, {
        limit,
        ...(before !== undefined && { before }),
      })
      const blocked = new Set((await blocks(username)).map(block => block.username))
      const messages = targets.map(foldMessage).filter(message => !blocked.has(message.username))
      const count = countFitting(messages)
      const last = messages[count - 1]
      const next_before = count < messages.length && last ? placeOfMention({ ...last, seq: last.id }) : next
      return {
        messages: messages.slice(0, count),
        has_more: next_before !== null,
        ...(next_before !== null && { next_before }),
        examined,
      }
    },
  }
}
