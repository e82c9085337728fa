import type { StoredEvent } from '../../../schemas/event.js'
import type { MemberRow, RoomRecord } from '../../../schemas/room.js'
import type { Session, StoredUser } from '../../../schemas/user.js'
import { KEEPS_ALL } from '../../../schemas/wire.js'
import { mentionedBy, placeOfMention } from '../log/mentions.js'
import { foldName, NAMES_VERSION, sortKey } from '../log/name.js'
import {
  type EventDocument,
  type MemberDocument,
  mentionKey,
  type RoomDocument,
  type SessionDocument,
  type UserDocument,
  userKey,
} from './collections.js'

/** Converts records to documents and back. */

export const userDocument = (user: StoredUser): UserDocument => ({ _id: userKey(user.username), ...user })
/** Older servers put neither these fields nor those of a session. */
const NEW_USER = {
  ...{ generation: 0, kept_session: null, is_admin: false, reset_hash: null, reset_expires_at: null },
  ...{ deletion: null, deleted_at: null, deletion_done: false },
}
export const toUser = ({ _id, ...user }: UserDocument): StoredUser => ({ ...NEW_USER, ...user })

export const sessionDocument = ({ id, ...session }: Session): SessionDocument => ({
  _id: id,
  ...session,
  user: userKey(session.username),
})
export const toSession = ({ _id, user: _, ...session }: SessionDocument): Session => ({
  id: _id,
  ...{ generation: 0, device: '', address: '', last_seen_at: session.created_at },
  ...session,
})

/** A room's name in all its forms. */
export const nameFields = (name: string) => ({
  name,
  name_folded: foldName(name),
  name_sort: sortKey(name),
  names_version: NAMES_VERSION,
})

export const tombstoneOf = ({ id, deleted, direct }: Pick<RoomRecord, 'id' | 'deleted' | 'direct'>) =>
  deleted || direct ? id : ''

export const roomDocument = ({ id, ...record }: RoomRecord): RoomDocument => ({
  _id: id,
  ...record,
  ...nameFields(record.name),
  tombstone: tombstoneOf({ id, ...record }),
})
export const toRecord = ({
  _id,
  name_folded: _folded,
  name_sort: _sort,
  names_version: _version,
  tombstone: _tombstone,
  latest: _latest,
  // Missing if an older server put the room.
  slow_mode_s = 0,
  ...record
}: RoomDocument): RoomRecord => ({ id: _id, ...KEEPS_ALL, ...record, slow_mode_s })

export const memberDocument = (row: MemberRow): MemberDocument => ({
  ...row,
  user: userKey(row.username),
  is_banned: row.banned !== undefined,
  is_blocking: row.blocks !== undefined,
})
export const toMember = ({
  user: _user,
  is_banned: _banned,
  is_blocking: _blocking,
  ...row
}: MemberDocument): MemberRow => row

export function eventDocument(event: StoredEvent): EventDocument {
  const document: EventDocument = { ...event, user: userKey(event.username) }
  if (event.data === undefined || event.type !== 'message') return document
  const users = mentionedBy(event)
  if (users.length === 0) return document
  const keys = users.map(user => mentionKey(user, event.room_id))
  return { ...document, mention: { keys, seq: event.seq, place: placeOfMention(event) } }
}

/** Leaves of an event what was appended. */
export const EVENT_PROJECTION = { _id: 0, user: 0, mention: 0 } as const
