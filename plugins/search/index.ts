import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { rateLimited } from '../../schemas/error.js'
import type { Message, OwnSearchPage, OwnSearchQuery, SearchPage, SearchQuery } from '../../schemas/message.js'
import type { Room } from '../../schemas/room.js'
import { limits } from '../../schemas/wire.js'
import { type Budgets, prices } from '../budgets/index.js'
import { countFitting, priceOfEncoding } from '../messages/index.js'
import { createTurns } from '../rate-limit/index.js'
import type { Rooms } from '../rooms/index.js'
import { bytesOf, foldMessage, parseQuery, type Store, type Target } from '../store/index.js'
import { createPace, type Pace } from './pace.js'

declare module 'fastify' {
  interface FastifyInstance {
    messageSearch: Search
  }
}
export type Search = ReturnType<typeof createSearch>

/** Candidates that one search examines at most; beyond, the answer says where to continue. */
const CANDIDATES_MAX = 10_000
/** Candidates that the store is asked for at a time. */
const CANDIDATES_AT_ONCE = 200
/** Messages that are read at a time: some at first, then as many as their length allows. */
const FIRST_READ = 20
const READ_AT_ONCE = 100
const READ_CHARACTERS = 20_000

/** Pages of a user's rooms that a search over all of them reads, and as many of direct conversations: 2,000 of each. */
const ROOM_PAGES_MAX = 20

/** Searches of one account that wait for the one under way; a page that is typed into sends some at once. */
const WAITING_MAX = 3
/** When a client whose search was refused may try again, ms. */
const RETRY_AFTER_MS = 1000

type Parsed = ReturnType<typeof parseQuery>

const saidAt = ({ last_message }: Room) => last_message?.created_at ?? ''

const charactersOf = ({ message, newest }: Target) => (message.text?.length ?? 0) + (newest?.text?.length ?? 0)

/** Searches messages. Whatever one account searches, the event loop stays free for the others. */
export function createSearch(store: Store, rooms: Rooms, budgets: Budgets) {
  const inTurn = createTurns({
    ...{ running_max: 1, waiting_max: WAITING_MAX },
    refusal: () => rateLimited(RETRY_AFTER_MS),
  })

  async function search(
    room_id: string,
    { terms, matches }: Parsed,
    query: Omit<SearchQuery, 'q'>,
    pace: Pace,
    emptied_seq: number,
  ): Promise<SearchPage> {
    const { limit = limits.PAGE_DEFAULT } = query
    if (terms.length === 0) return { messages: [], has_more: false }
    /** Newest first. */
    const hits: Message[] = []
    let bytes = 0
    const page = (next_before?: number): SearchPage => ({
      messages: hits.toReversed(),
      has_more: next_before !== undefined,
      ...(next_before !== undefined && { next_before }),
    })

    /** @returns whether the page was full already */
    function examine(target: Target): boolean {
      pace.worked(prices.searched_message + charactersOf(target) * prices.searched_character)
      const message = foldMessage(target)
      if (message.id <= emptied_seq || message.deleted_at !== undefined || !matches(message.text)) return false
      bytes += bytesOf(message)
      return hits.push(message) > limit || bytes > limits.PAGE_BYTES_MAX
    }

    let before = query.before ?? Number.MAX_SAFE_INTEGER
    let at_once = FIRST_READ
    for (let examined = 0; examined < CANDIDATES_MAX; ) {
      const found = await store.searchTerms(room_id, terms, { before, limit: CANDIDATES_AT_ONCE })
      pace.worked(found.worked_ms * 1000)
      for (let at = 0; at < found.seqs.length; ) {
        if (!(await pace.rest())) return page(before)
        const seqs = found.seqs.slice(at, at + at_once)
        const targets = await store.readTargets(room_id, seqs)
        for (const target of targets.toReversed()) {
          if (pace.isDue && !(await pace.rest())) return page(before)
          if (examine(target)) {
            hits.pop()
            return page(before)
          }
          before = target.message.seq
        }
        at += seqs.length
        examined += seqs.length
        const characters = targets.reduce((sum, target) => sum + charactersOf(target), 0)
        const fitting = Math.floor((READ_CHARACTERS * targets.length) / (characters + 1))
        at_once = Math.max(1, Math.min(at_once * 2, READ_AT_ONCE, fitting))
      }
      if (found.next_before === null) return page()
      before = found.next_before
      if (!(await pace.rest())) break
    }
    return page(before)
  }

  /** The rooms of a user, up to ROOM_PAGES_MAX pages, the latest message first. */
  async function roomsOf(username: string): Promise<{ found: Room[]; has_more: boolean }> {
    const found: Room[] = []
    let after: string | undefined
    for (let pages = 0; pages < ROOM_PAGES_MAX; pages++) {
      await budgets.ofAccount(username).turn(limits.PAGE_MAX * prices.listed_room)
      const page = await rooms.list(username, {
        mine: true,
        limit: limits.PAGE_MAX,
        ...(after !== undefined && { after }),
      })
      found.push(...page.rooms)
      after = page.next
      if (after === undefined) break
    }
    let before: string | undefined
    for (let pages = 0; pages < ROOM_PAGES_MAX && (pages === 0 || before !== undefined); pages++) {
      await budgets.ofAccount(username).turn(limits.PAGE_MAX * prices.listed_room)
      const page = await rooms.listDirect(username, { limit: limits.PAGE_MAX, ...(before !== undefined && { before }) })
      found.push(...page.rooms)
      before = page.next
    }
    const has_more = after !== undefined || before !== undefined
    return { found: found.sort((a, b) => saidAt(b).localeCompare(saidAt(a))), has_more }
  }

  async function searchAll(username: string, parsed: Parsed, limit: number, pace: Pace): Promise<OwnSearchPage> {
    if (parsed.terms.length === 0) return { messages: [], has_more: false }
    /** Newest first. */
    let hits: Message[] = []
    const own = await roomsOf(username)
    let { has_more } = own
    for (const room of own.found) {
      const oldest = hits[limit - 1]
      // Nothing in this room, or in those after it, is newer.
      if (oldest && saidAt(room) < oldest.created_at) break
      const page = await search(room.id, parsed, { limit }, pace, room.emptied_seq)
      has_more ||= page.has_more
      hits = [...hits, ...page.messages].sort((a, b) => b.created_at.localeCompare(a.created_at))
      if (!(await pace.rest())) {
        has_more = true
        break
      }
    }
    const count = Math.min(limit, countFitting(hits))
    return { messages: hits.slice(0, count).reverse(), has_more: has_more || hits.length > count }
  }

  /** One search of an account runs at a time. */
  function paced<T extends { messages: Message[] }>(username: string, work: (pace: Pace) => Promise<T>): Promise<T> {
    return inTurn(username.toLowerCase(), async () => {
      const budget = budgets.ofAccount(username)
      const pace = createPace(budget)
      try {
        const page = await work(pace)
        await budget.turn(priceOfEncoding(page.messages))
        return page
      } finally {
        pace.pay()
      }
    })
  }

  return {
    /**
     * Pages go from the newest matches to the oldest; within a page, messages are in ascending order. A page may be
     * short, or empty, and yet say where to continue. One search of an account runs at a time.
     * A query without a letter, digit or emoji finds nothing.
     * @throws RoomNotFound, NotMember; RateLimited if several searches of the account wait already
     */
    async find(room_id: string, username: string, query: SearchQuery): Promise<SearchPage> {
      const { room } = await rooms.assertMember(room_id, username)
      const parsed = parseQuery(query.q)
      return paced(username, pace => search(room_id, parsed, query, pace, room?.emptied_seq ?? 0))
    },

    /**
     * The newest matches in all rooms of a user, in ascending order of time; `has_more` if there are older ones, or if
     * the search ended before it had seen every room.
     * @throws RateLimited like `find`
     */
    async findInOwn(username: string, { q, limit = limits.PAGE_DEFAULT }: OwnSearchQuery): Promise<OwnSearchPage> {
      const parsed = parseQuery(q)
      return paced(username, pace => searchAll(username, parsed, limit, pace))
    },
  }
}

async function search(fastify: FastifyInstance) {
  fastify.decorate('messageSearch', createSearch(fastify.store, fastify.rooms, fastify.budgets))
}

export default fp(search, { name: 'search', dependencies: ['store', 'rooms', 'budgets'] })
