import type { Collection, Db, IndexDescription } from 'mongodb'
import type { StoredEvent } from '../../../schemas/event.js'
import type { LastMessage, MemberRow, RoomRecord } from '../../../schemas/room.js'
import type { InviteRow } from '../../../schemas/stored-invite.js'
import type { Session, StoredUser } from '../../../schemas/user.js'
import { newEpoch } from '../log/epoch.js'
import { CONTINUE, isUnfinished, leftSince } from '../transfer.js'
import { insertIfMissing } from './failures.js'

/** Raised for every change of the documents that an older server would not understand. */
export const SCHEMA_VERSION = '7'

/** Usernames are case-insensitive, so fields that are looked up or unique hold them in lower case, as `user`. */
export const userKey = (username: string) => username.toLowerCase()

/** `_id` is the name in lower case. */
export type UserDocument = StoredUser & { _id: string }
export type SessionDocument = Omit<Session, 'id'> & { _id: string; user: string }
export type RoomDocument = Omit<RoomRecord, 'id'> & {
  _id: string
  /** For search by a part of the name, and to keep names unique. */
  name_folded: string
  /** Lists go by it. */
  name_sort: string
  /** Of the two above: what an older server put has none, or a lower one (`names.ts`). */
  names_version: number
  /**
   * Empty while the room exists, then its id. Names are unique together with this field, so that a deleted room, whose
   * name becomes its id, does not collide with a room that is named like that id. A direct conversation has no other name
   * either, and is in no list of rooms by name.
   */
  tombstone: string
  /** The newest message as of `seq`. Missing if an older server, which does not know it, wrote the record last. */
  latest?: { seq: number; message: LastMessage | null }
}
export type MemberDocument = MemberRow & { user: string; is_banned: boolean; is_blocking: boolean }
interface MarkDocument {
  user: string
  room_id: string
  seq: number
}
export type EventDocument = StoredEvent & { user: string; mention?: MentionFields }
/** Of a message that mentions somebody. It stands in events, so that the list of mentions never lags. */
export interface MentionFields {
  /** `mentionKey` of each user whom it mentions. */
  keys: string[]
  seq: number
  /** In the list of mentions. */
  place: string
}
/** The seqs up to which the indexes reflect a room's log, one field for each index. */
export interface IndexedDocument {
  _id: string
  [position: string]: string | number
}
/** Progress of the purge of a deleted room, or of a room's messages up to `upto`. */
interface PurgeDocument {
  _id: string
  seq: number
  upto?: number
}
/** A name that a room will get by its event `seq` (`claims.ts`). `_id` is the folded name. */
interface NameDocument {
  _id: string
  room_id: string
  seq: number
}
/** The server that currently follows a room's log; `beat` changes while it is alive. */
interface LeaseDocument {
  _id: string
  holder: string
  beat: number
}
interface MetaDocument {
  _id: string
  value: string
}

export interface Collections {
  users: Collection<UserDocument>
  sessions: Collection<SessionDocument>
  rooms: Collection<RoomDocument>
  names: Collection<NameDocument>
  members: Collection<MemberDocument>
  invites: Collection<InviteRow>
  marks: Collection<MarkDocument>
  events: Collection<EventDocument>
  /** The seqs up to which the indexes reflect each room's log. */
  indexed: Collection<IndexedDocument>
  /** Rooms whose texts are being emptied, with the progress. */
  purges: Collection<PurgeDocument>
  leases: Collection<LeaseDocument>
  meta: Collection<MetaDocument>
}

const unique = true
/** Plain indexes only, so that every server that speaks the protocol supports them. `_id` is indexed automatically. */
const indexes: Record<string, IndexDescription[]> = {
  users: [{ key: { deletion: 1, deletion_done: 1 } }],
  sessions: [{ key: { user: 1 } }, { key: { expires_at: 1 } }],
  rooms: [
    { key: { name: 1, tombstone: 1 }, unique },
    { key: { name_folded: 1, tombstone: 1 }, unique },
    { key: { is_public: 1, tombstone: 1, name_sort: 1 } },
  ],
  marks: [{ key: { user: 1, room_id: 1 }, unique }],
  events: [
    { key: { room_id: 1, seq: 1 }, unique },
    { key: { room_id: 1, client_id: 1, user: 1 }, unique },
    { key: { room_id: 1, type: 1, seq: 1 } },
    { key: { room_id: 1, target: 1, seq: 1 } },
    // Sparse, so that only messages that mention somebody are in them.
    { key: { 'mention.keys': 1, 'mention.seq': 1 }, sparse: true },
    { key: { 'mention.keys': 1, 'mention.place': 1 }, sparse: true },
  ],
}

/** Under which a message is found by those whom it mentions. @param user in lower case, or EVERYBODY */
export const mentionKey = (user: string, room_id: string) => `${user} ${room_id}`

export function collectionsOf(db: Db): Collections {
  return {
    users: db.collection('users'),
    sessions: db.collection('sessions'),
    rooms: db.collection('rooms'),
    names: db.collection('names'),
    members: db.collection('members'),
    invites: db.collection('invites'),
    marks: db.collection('marks'),
    events: db.collection('events'),
    indexed: db.collection('indexed'),
    purges: db.collection('purges'),
    leases: db.collection('leases'),
    meta: db.collection('meta'),
  }
}

/** Creates missing indexes; several servers may do so at once. @param derived the indexes of the log */
export async function ensureIndexes(
  db: Db,
  derived: readonly { collections: Readonly<Record<string, IndexDescription[]>> }[],
): Promise<void> {
  const wanted = [indexes, ...derived.map(({ collections }) => collections)].flatMap(Object.entries<IndexDescription[]>)
  for (const [name, descriptions] of wanted) {
    // One per command: FerretDB closes the connection if two indexes of a command already exist.
    for (const description of descriptions) await db.collection(name).createIndexes([description])
  }
}

/**
 * Returns the store's epoch, or creates it if the database is empty. If several servers start together, one creates it.
 *
 * @throws an Error whose message is one plain sentence, if this server cannot read the database's content
 */
export async function ensureEpoch({ meta }: Collections): Promise<string> {
  await insertIfMissing(meta.insertOne({ _id: 'schema_version', value: SCHEMA_VERSION }))
  // Version 1 has no roles, bans and settings that change, version 2 no invitations, version 3 no direct conversations,
  // version 4 nobody who refuses to be added; version 5 kept all messages; version 6 found no mentions.
  const older = { _id: 'schema_version', value: { $in: ['1', '2', '3', '4', '5', '6'] } }
  await meta.updateOne(older, { $set: { value: SCHEMA_VERSION } })
  const version = (await meta.findOne({ _id: 'schema_version' }))?.value
  if (isUnfinished(version)) throw new Error(`The database is half migrated: ${CONTINUE}`)
  if (leftSince(version) !== undefined) {
    throw new Error(
      `The store in this database was ${version}: start servers there, or run talkie migrate --release MONGODB_URI to use this one again`,
    )
  }
  if (version !== SCHEMA_VERSION) {
    throw new Error(`The database has schema version ${version}, but this server reads version ${SCHEMA_VERSION} only`)
  }
  await insertIfMissing(meta.insertOne({ _id: 'epoch', value: newEpoch() }))
  return (await meta.findOne({ _id: 'epoch' }))?.value as string
}
