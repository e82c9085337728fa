import type { Collection, Db, IndexDescription } from 'mongodb'
import type { StoredEvent } from '../../../schemas/event.js'
import type { LastMessage, MemberRow, RoomRecord } from '../../../schemas/room.js'
import type { Session, StoredUser } from '../../../schemas/user.js'
import { newEpoch } from '../log/epoch.js'
import { insertIfMissing } from './failures.js'

/** Raised with every change of the documents that an older server would not understand. */
export const SCHEMA_VERSION = '1'

/** Usernames are one whatever their case, so what is looked up or unique holds them in lower case, as `user`. */
export const userKey = (username: string) => username.toLowerCase()

/** `_id` is the name in lower case. */
export type UserDocument = StoredUser & { _id: string }
export type SessionDocument = Omit<Session, 'id'> & { _id: string; user: string }
export type RoomDocument = Omit<RoomRecord, 'id'> & {
  _id: string
  /** For search by a part of the name. */
  name_folded: string
  /**
   * Empty while the room is there, then its id. Names are unique together with it, so that a deleted room, whose name is
   * its id, does not collide with a room that is named after it.
   */
  tombstone: string
  /** The newest message as of `seq`. Missing if an older server, which does not keep it, was the last that put the record. */
  latest?: { seq: number; message: LastMessage | null }
}
export type MemberDocument = MemberRow & { user: string }
interface MarkDocument {
  user: string
  room_id: string
  seq: number
}
export type EventDocument = StoredEvent & { user: string }
/** How far the indexes reflect a room's log, each in a field of its own. */
export interface IndexedDocument {
  _id: string
  [position: string]: string | number
}
/** How far the purge of a deleted room has come. */
interface PurgeDocument {
  _id: string
  seq: number
}
/** The server that follows a room's log now; `beat` changes while it lives. */
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
  members: Collection<MemberDocument>
  marks: Collection<MarkDocument>
  events: Collection<EventDocument>
  /** Up to where the indexes reflect a room's log. */
  indexed: Collection<IndexedDocument>
  /** Deleted rooms whose texts are being emptied, and up to where they are. */
  purges: Collection<PurgeDocument>
  leases: Collection<LeaseDocument>
  meta: Collection<MetaDocument>
}

const unique = true
/** Plain ones only, so that any server that speaks the protocol can make them. `_id` has its own. */
const indexes: Record<string, IndexDescription[]> = {
  sessions: [{ key: { user: 1 } }, { key: { expires_at: 1 } }],
  rooms: [{ key: { name: 1, tombstone: 1 }, unique }, { key: { is_public: 1, tombstone: 1, name: 1 } }],
  marks: [{ key: { user: 1, room_id: 1 }, unique }],
  events: [
    { key: { room_id: 1, seq: 1 }, unique },
    { key: { room_id: 1, client_id: 1, user: 1 }, unique },
    { key: { room_id: 1, type: 1, seq: 1 } },
    { key: { room_id: 1, target: 1, seq: 1 } },
  ],
}

export function collectionsOf(db: Db): Collections {
  return {
    users: db.collection('users'),
    sessions: db.collection('sessions'),
    rooms: db.collection('rooms'),
    members: db.collection('members'),
    marks: db.collection('marks'),
    events: db.collection('events'),
    indexed: db.collection('indexed'),
    purges: db.collection('purges'),
    leases: db.collection('leases'),
    meta: db.collection('meta'),
  }
}

/** Makes the indexes that are missing. Any number of servers may do so at once. @param derived what is derived from the log */
export async function ensureIndexes(
  db: Db,
  derived: readonly { collections: Readonly<Record<string, IndexDescription[]>> }[],
): Promise<void> {
  const wanted = [indexes, ...derived.map(({ collections }) => collections)].flatMap(Object.entries<IndexDescription[]>)
  for (const [name, descriptions] of wanted) {
    // One a command: FerretDB closes the connection if two of one command exist already.
    for (const description of descriptions) await db.collection(name).createIndexes([description])
  }
}

/**
 * The store's epoch, made if there is none: of many servers that start together on an empty database, one makes it.
 *
 * @throws an Error whose message is one plain sentence, if the database holds what this server cannot read
 */
export async function ensureEpoch({ meta }: Collections): Promise<string> {
  await insertIfMissing(meta.insertOne({ _id: 'schema_version', value: SCHEMA_VERSION }))
  const version = (await meta.findOne({ _id: 'schema_version' }))?.value
  if (version !== SCHEMA_VERSION) {
    throw new Error(`The database has schema version ${version}, but this server reads version ${SCHEMA_VERSION} only`)
  }
  await insertIfMissing(meta.insertOne({ _id: 'epoch', value: newEpoch() }))
  return (await meta.findOne({ _id: 'epoch' }))?.value as string
}
