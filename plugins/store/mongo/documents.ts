import type { StoredEvent } from '../../../schemas/event.js'
import type { MemberRow, RoomRecord } from '../../../schemas/room.js'
import type { Session, StoredUser } from '../../../schemas/user.js'
import { foldName } from '../log/name.js'
import {
  type EventDocument,
  type MemberDocument,
  type RoomDocument,
  type SessionDocument,
  type UserDocument,
  userKey,
} from './collections.js'

/** Converts records to documents and back. */

export const userDocument = (user: StoredUser): UserDocument => ({ _id: userKey(user.username), ...user })
export const toUser = ({ _id, ...user }: UserDocument): StoredUser => user

export const sessionDocument = ({ id, ...session }: Session): SessionDocument => ({
  _id: id,
  ...session,
  user: userKey(session.username),
})
export const toSession = ({ _id, user: _, ...session }: SessionDocument): Session => ({ id: _id, ...session })

export const roomDocument = ({ id, ...record }: RoomRecord): RoomDocument => ({
  _id: id,
  ...record,
  name_folded: foldName(record.name),
  tombstone: record.deleted ? id : '',
})
export const toRecord = ({ _id, name_folded: _, tombstone: __, latest: ___, ...record }: RoomDocument): RoomRecord => ({
  id: _id,
  ...record,
})

export const memberDocument = (row: MemberRow): MemberDocument => ({ ...row, user: userKey(row.username) })

export const eventDocument = (event: StoredEvent): EventDocument => ({ ...event, user: userKey(event.username) })
