import { createInviteReads, invites } from './indexes/invites.js'
import { createMemberReads, members } from './indexes/members.js'
import { createMentionReads, mentions } from './indexes/mentions.js'
import { createReactionReads, reactions } from './indexes/reactions.js'
import { createTermReads, terms } from './indexes/terms.js'
import { applyTo, type LogIndex, type TextEvent } from './log-index.js'
import { type EventRow, toEvent } from './rows.js'
import type { Sqlite } from './sqlite.js'

/** Indexes updated in the transaction that appends the events, so every read sees them. */
export const immediate: readonly LogIndex[] = [members, invites, mentions, reactions]

/**
 * Indexes that cost more than the append itself. They are updated in steps after the commit (`upkeep.ts`), and a read
 * waits until its room is indexed. They share one position per room.
 */
export const deferred: readonly LogIndex<TextEvent>[] = [terms]

/** The reads of all indexes. */
export const createIndexReads = (db: Sqlite) => ({
  ...createMemberReads(db),
  ...createInviteReads(db),
  ...createMentionReads(db),
  ...createReactionReads(db),
  ...createTermReads(db),
})

/** Events read at a time by a rebuild. */
const PAGE = 500

/** Fills an empty index from all logs, in the caller's transaction. */
export function rebuild(db: Sqlite, index: LogIndex) {
  const types = JSON.stringify([...index.types])
  for (const { room_id } of db.all<{ room_id: string }>('select distinct room_id from events')) {
    for (let after = 0; ; ) {
      const rows = db.all<EventRow>(
        `select * from events where room_id = ? and seq > ? and type in (select value from json_each(?))
         order by seq limit ${PAGE}`,
        [room_id, after, types],
      )
      applyTo([index], db, room_id, rows.map(toEvent))
      if (rows.length < PAGE) break
      after = rows.at(-1)?.seq as number
    }
  }
}

/** Builds indexes that an older server did not have yet from the logs. */
export function ensureIndexes(db: Sqlite) {
  const isMissing = ({ name }: LogIndex) =>
    db.get("select 1 as found from sqlite_schema where type = 'table' and name = ?", [name]) === undefined
  const missing = [...immediate, ...deferred].filter(isMissing)
  if (missing.length === 0) return
  db.transaction(() => {
    for (const index of missing) {
      db.exec(index.tables)
      if (immediate.includes(index)) rebuild(db, index)
      else db.run('update indexed set seq = 0')
    }
  })
}
