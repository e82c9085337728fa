import type { Db } from 'mongodb'
import type { Claims } from './claims.js'
import type { Collections } from './collections.js'
import type { Call } from './connection.js'
import { createMembers } from './indexes/members.js'
import { createReactions } from './indexes/reactions.js'
import { createTerms } from './indexes/terms.js'
import type { Log } from './log.js'
import type { LogIndex } from './log-index.js'

/** The indexes of the log. Each has an `index`, which the follower keeps up to date, and its reads. */
export function createIndexes(db: Db, collections: Collections, log: Log, claims: Claims) {
  const members = createMembers(collections, log, claims)
  const terms = createTerms(db, collections, log)
  const reactions = createReactions(db, collections, log)
  return { members, reactions, terms, all: [members.index, reactions.index, terms.index] }
}

type Indexes = ReturnType<typeof createIndexes>
type Follow = (call: Call, room_id: string, indexes: LogIndex[]) => Promise<void>

/**
 * Store methods that read an index after it has caught up with every event appended before the call.
 * @param settle brings `members` up to date; cheaper than `follow`, because most events do not change members
 * @param follow brings an index up to date
 */
export function createIndexReads(
  { members, reactions, terms }: Indexes,
  settle: (call: Call, room_id: string) => Promise<void>,
  follow: Follow,
) {
  return {
    async readMember(call: Call, room_id: string, username: string) {
      await settle(call, room_id)
      return members.readMember(call, room_id, username)
    },

    async listMembers(call: Call, room_id: string, query: { after?: string; limit: number }) {
      await settle(call, room_id)
      return members.listMembers(call, room_id, query)
    },

    /** As of the last appends of this server, which bring rows up to date; those of others may lag for some ms. */
    listMemberships: members.listMemberships,

    async listBanned(call: Call, room_id: string, query: { after?: string; limit: number }) {
      await settle(call, room_id)
      return members.listBanned(call, room_id, query)
    },

    async readInvite(call: Call, room_id: string, id: number) {
      await settle(call, room_id)
      return members.readInvite(call, room_id, id)
    },

    async listInvites(call: Call, room_id: string, query: { before?: number; limit: number }) {
      await settle(call, room_id)
      return members.listInvites(call, room_id, query)
    },

    // Blocks are indexed before their appends resolve, and the rooms are not known before this read.
    listBlocks: members.listBlocks,

    async readReactions(call: Call, room_id: string, ids: number[], usernames: string[]) {
      for (;;) {
        const found = await reactions.readReactions(call, room_id, ids, usernames)
        if (found !== null) return found
        await follow(call, room_id, [reactions.index])
      }
    },

    countReacted: reactions.countReacted,

    async searchTerms(call: Call, room_id: string, wanted: string[], query: { before: number; limit: number }) {
      await follow(call, room_id, [terms.index])
      return terms.searchTerms(call, room_id, wanted, query)
    },
  }
}
