import { randomUUID } from 'node:crypto'
import { type AuditEntry, type OtherAct, type RightsAct, rightsActs } from '../../schemas/administration.js'
import { errors } from '../../schemas/error.js'
import type { EventType, StoredEvent } from '../../schemas/event.js'
import type { StoredUser } from '../../schemas/user.js'
import { Conflict, type Store } from '../store/index.js'

/** The log of what administrators did. No route of rooms reaches it: its name is that of no room. */
export const AUDIT = '_audit'
/** Attempts to append: another server may take the seq between our read of the head and our append. */
const TRIES_MAX = 100
/** Newest changes of rights that are looked at; those before them are in the accounts for long. */
const CHANGES_MAX = 200
/** Accounts that one step looks at to find another administrator. */
const PAGE = 1000
/** Events that one step of the retention looks at. */
const TRIMMED_MAX = 500

const auditTypes: readonly EventType[] = ['account_administered', 'administered']

/** By whom an act is, and from where. */
export interface Actor {
  /** Empty for the operator, who may do everything. */
  username: string
  address: string
}
export const OPERATOR: Actor = { username: '', address: '' }

export interface Act {
  act: RightsAct | OtherAct
  member?: string
  room?: { id: string; name: string }
  /** An act that is tried again has the same one. */
  client_id?: string
}

/** Accounts as the log leaves them, whether or not the store's rows have followed. */
export type Accounts = (username: string) => StoredUser | undefined

export type Audit = ReturnType<typeof createAudit>

/**
 * Every act is an event of the log before it happens, decided on the rights that the log leaves just before it. So of two
 * administrators who dismiss each other on two servers, the second in the log is none any more.
 */
export function createAudit(store: Store) {
  let appending: Promise<unknown> = Promise.resolve()

  const readAccounts = async (usernames: string[]): Promise<Accounts> =>
    asLogged(await store.readUsers(usernames.filter(name => name !== '')))

  async function asLogged(found: StoredUser[]): Promise<Accounts> {
    const users = new Map(found.map(user => [user.username.toLowerCase(), user]))
    for (const { member = '', data } of await newestChanges()) {
      const user = users.get(member.toLowerCase())
      const change = rightsActs[data?.act as RightsAct]
      if (user && user.deletion === null) users.set(member.toLowerCase(), { ...user, ...change })
    }
    return username => users.get(username.toLowerCase())
  }

  /**
   * Whether another user is an administrator, both by the log and by the account: one whose appointment has not reached
   * the account yet could still delete it as any other user.
   */
  async function hasOther(username: string): Promise<boolean> {
    for (let after = ''; ; ) {
      const page = await store.listUsers({ after, limit: PAGE })
      const others = page.filter(user => isAdmin(user) && user.username !== username)
      if (others.length > 0) {
        const accounts = await asLogged(others)
        if (others.some(other => isAdmin(accounts(other.username)))) return true
      }
      if (page.length < PAGE) return false
      after = (page.at(-1) as StoredUser).username
    }
  }

  /** Oldest first. */
  const newestChanges = () => store.readNewest(AUDIT, ['account_administered'], { limit: CHANGES_MAX })

  function eventOf({ username, address }: Actor, { act, member, room, client_id }: Act): Omit<StoredEvent, 'seq'> {
    return {
      room_id: AUDIT,
      type: act in rightsActs ? 'account_administered' : 'administered',
      username,
      client_id: client_id ?? randomUUID(),
      created_at: new Date().toISOString(),
      ...(member !== undefined && { member }),
      data: { act, address, ...(room && { about_room: room.id, name: room.name }) },
    }
  }

  async function append(
    actor: Actor,
    subject: string | undefined,
    decide: (accounts: Accounts) => Act | null | Promise<Act | null>,
  ): Promise<boolean> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const head = await store.readHead(AUDIT)
      const accounts = await readAccounts([actor.username, ...(subject === undefined ? [] : [subject])])
      const act = await decide(accounts)
      if (act === null) return false
      const event = eventOf(actor, act)
      try {
        await store.append(AUDIT, head, [{ ...event, seq: head + 1 }])
        return true
      } catch (error) {
        if (!(error instanceof Conflict)) throw error
        if ((await store.readByClientId(AUDIT, event.username, event.client_id)) !== null) return true
      }
    }
    throw new errors.StoreUnavailable()
  }

  // One at a time, so that only other servers can take the seq in the meantime.
  async function inTurn(work: () => Promise<boolean>): Promise<boolean> {
    const entered = appending.then(work)
    appending = entered.catch(() => {})
    return entered
  }

  return {
    readAccounts,
    newestChanges,

    /**
     * Enters an act, unless `decide` finds nothing to do.
     * @param subject another user whom `decide` looks at
     * @throws NotFound if the actor is not an administrator at that moment; what `decide` throws; StoreUnavailable
     */
    async enter(
      actor: Actor,
      subject: string | undefined,
      decide: (accounts: Accounts) => Act | null,
    ): Promise<boolean> {
      return inTurn(() =>
        append(actor, subject, accounts => {
          if (actor !== OPERATOR) assertAdmin(accounts(actor.username))
          return decide(accounts)
        }),
      )
    },

    /** Enters that a user deletes the own account, if it is an administrator's. @throws LastAdministrator, StoreUnavailable */
    async resign(actor: Actor): Promise<void> {
      const { username } = actor
      await inTurn(() =>
        append(actor, undefined, async accounts => {
          if (!isAdmin(accounts(username))) return null
          if (!(await hasOther(username))) throw new errors.LastAdministrator()
          return { act: 'account_deleted', member: username }
        }),
      )
    },

    /** Newest first. @param since RFC 3339; older entries are left out */
    async read(query: { limit: number; before?: number }, since: string): Promise<AuditEntry[]> {
      const found = await store.readNewest(AUDIT, auditTypes, query)
      return found
        .reverse()
        .filter(({ created_at }) => created_at >= since)
        .map(entryOf)
    },

    /** Removes entries from before `since` (RFC 3339). The newest one stays, since seqs go on from it. */
    async trim(since: string): Promise<void> {
      for (;;) {
        const oldest = await store.readEvents(AUDIT, { after: 0, limit: TRIMMED_MAX, texts: false })
        const last = oldest.filter(({ created_at }) => created_at < since).at(-1)
        if (last === undefined || oldest.length === 1) return
        await store.trimLog(AUDIT, last.seq)
        if (last !== oldest.at(-1) || oldest.length < TRIMMED_MAX) return
      }
    },
  }
}

const isAdmin = (user: StoredUser | undefined): boolean =>
  user?.is_admin === true && !user.blocked && user.deletion === null

/** @throws NotFound, so that nobody else learns what is there */
export function assertAdmin(user: StoredUser | undefined) {
  if (!isAdmin(user)) throw new errors.NotFound()
}

function entryOf({ seq, created_at, username, member, data }: StoredEvent): AuditEntry {
  const { act = '', address = '', about_room, name } = data ?? {}
  return {
    ...{ seq, created_at, act, username, address },
    ...(member !== undefined && { member }),
    ...(about_room !== undefined && { room_id: about_room }),
    ...(name !== undefined && { room_name: name }),
  }
}
