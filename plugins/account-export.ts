import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { rateLimited } from '../schemas/error.js'
import type { MemberRow } from '../schemas/room.js'
import { ownPart, type StoredUser } from '../schemas/user.js'
import { DEFAULT_ROOM_ID } from '../schemas/wire.js'
import { type Budgets, prices } from './budgets/index.js'
import { foldMessage, type Store } from './store/index.js'

declare module 'fastify' {
  interface FastifyInstance {
    accountExport: AccountExport
  }
}

export type AccountExport = ReturnType<typeof createAccountExport>

/** Messages that are read at a time. */
const MESSAGES = 50
const PAGE = 100
/** When a client whose export was refused may try again, ms. */
const RETRY_AFTER_MS = 10_000

/** Waits until the account can pay for the next step. @param cost_us µs of the main thread */
type Pay = (cost_us: number) => Promise<void>

/** The user's own data as lines of JSON. However much it is, one step of it is in memory. */
export function createAccountExport(store: Store, budgets: Budgets) {
  /** Lower-case names of the accounts whose export is under way here. */
  const under_way = new Set<string>()

  async function* sessionsOf(username: string, pay: Pay) {
    for (let after = ''; ; ) {
      await pay(PAGE * prices.listed_session)
      const page = await store.listSessions(username, { after, limit: PAGE })
      for (const { device, address, created_at, last_seen_at } of page) {
        yield { type: 'session', device, address, created_at, last_seen_at }
      }
      if (page.length < PAGE) return
      after = page.at(-1)?.id as string
    }
  }

  /** Every room that the user is or was in. */
  async function* roomsOf(username: string, pay: Pay) {
    const everyone: MemberRow = { room_id: DEFAULT_ROOM_ID, username, seq: 0, is_member: true }
    yield (await store.readMember(DEFAULT_ROOM_ID, username)) ?? everyone
    for (let after = ''; ; ) {
      await pay(PAGE * prices.listed_member)
      const page = await store.listMemberships(username, { after, limit: PAGE })
      for (const row of page) if (row.room_id !== DEFAULT_ROOM_ID) yield row
      if (page.length < PAGE) return
      after = page.at(-1)?.room_id as string
    }
  }

  async function* messagesOf(room_id: string, username: string, pay: Pay) {
    for (let after: number | null = 0; after !== null; ) {
      const found = await store.findByAuthor(room_id, username, { after, limit: MESSAGES })
      // Known only afterwards: it depends on the length of what others wrote.
      await pay(found.worked_ms * 1000 + prices.exported_step + found.seqs.length * prices.read_message)
      for (const target of await store.readTargets(room_id, found.seqs)) {
        const { username: _, deleted_at, ...message } = foldMessage(target)
        if (deleted_at === undefined) yield { type: 'message', ...message }
      }
      after = found.next_after
    }
  }

  async function* lines(user: StoredUser, pay: Pay) {
    const { username } = user
    let messages = 0
    yield { type: 'account', ...ownPart(user), exported_at: new Date().toISOString() }
    yield* sessionsOf(username, pay)
    for await (const { room_id, is_member, role } of roomsOf(username, pay)) {
      await pay(prices.listed_room)
      const room = await store.readRoom(room_id)
      if (room === null || room.deleted) continue
      const last_read_seq = await store.readMark(username, room_id)
      // What a room is called is for its members only.
      const named = is_member && { name: room.name, role: room.owner === username ? 'owner' : (role ?? 'member') }
      yield { type: 'room', id: room_id, is_member, ...named, last_read_seq }
      for await (const message of messagesOf(room_id, username, pay)) {
        messages++
        yield message
      }
    }
    // So that a file which was cut off can be told from a whole one.
    yield { type: 'end', messages }
  }

  async function* encode(user: StoredUser) {
    const budget = budgets.ofAccount(user.username)
    const pay = async (cost_us: number) => {
      await budget.turn(cost_us)
      // Without a limit of the budget, long stretches without own messages must not keep other work waiting.
      await setImmediate()
    }
    for await (const line of lines(user, pay)) {
      const text = `${JSON.stringify(line)}\n`
      budget.charge(Buffer.byteLength(text) * prices.encoded_byte)
      yield text
    }
  }

  return {
    /** @returns lines of JSON; destroy it to end early @throws RateLimited if an export of the account is under way */
    async open(username: string): Promise<Readable> {
      const account = username.toLowerCase()
      if (under_way.has(account)) throw rateLimited(RETRY_AFTER_MS)
      under_way.add(account)
      try {
        const user = (await store.readUser(username)) as StoredUser
        return Readable.from(encode(user), { highWaterMark: MESSAGES }).once('close', () => under_way.delete(account))
      } catch (error) {
        under_way.delete(account)
        throw error
      }
    },
  }
}

async function accountExport(fastify: FastifyInstance) {
  fastify.decorate('accountExport', createAccountExport(fastify.store, fastify.budgets))
}

export default fp(accountExport, { name: 'account-export', dependencies: ['store', 'budgets'] })
