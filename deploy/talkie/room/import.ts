import { isDeepStrictEqual } from 'node:util'
import { Ajv } from 'ajv'
import { newUser } from '../../../plugins/auth/accounts.js'
import { hashOfNobody } from '../../../plugins/auth/passwords.js'
import { BATCH_MAX, Conflict, type Store } from '../../../plugins/store/index.js'
import type { StoredEvent } from '../../../schemas/event.js'
import { RoomId, type RoomRecord, RoomSettings } from '../../../schemas/room.js'
import { DEFAULT_ROOM_ID, KEEPS_ALL } from '../../../schemas/wire.js'
import type { Command, Values } from '../command.js'
import { checkFileExists } from '../files.js'
import { withStore } from '../store.js'
import { checkRoom, readRoom } from './file.js'
import type { LogSummary } from './log-check.js'

type Settings = RoomSettings & Pick<RoomRecord, 'password_hash'> & { members?: string[] }

const USERS_AT_ONCE = 200
/** Missing users that the error names. */
const NAMED_MAX = 5

export const roomImport: Command = {
  summary: 'Import a room from a file that "room export" wrote',
  operands: 'FILE',
  usageOptions: '[--id ID] [--name NAME] [--owner USERNAME] [--add-users]',
  help: `FILE is checked completely before anything is stored. Messages keep their ids.

  --id ID           store the room under another id
  --name NAME       give the room another name
  --owner USERNAME  set the owner; required if the file is the default room of another server
  --add-users       create a blocked account for every unknown username, instead of refusing the file

A username is taken to be the same person on both servers. To hand a created account over to its user, run
"talkie user reset-password" and "talkie user unblock".

If the import is interrupted, run the same command again and it continues. Servers can keep running, but nobody may write
to the room before the import is complete.`,
  options: {
    id: { type: 'string' },
    name: { type: 'string' },
    owner: { type: 'string' },
    'add-users': { type: 'boolean' },
  },
  async run([file = ''], values, { env, print }) {
    checkFileExists(file)
    const log = await checkRoom(file)
    const room = adapt(log, values)
    return withStore(env, async ({ store, config }) => {
      const usernames = [...new Set([...log.usernames.values(), room.first.username])]
      const hash = hashOfNobody(config.BCRYPT_COST)
      const { added, deleted, nameOf } = await ensureUsers(store, usernames, values['add-users'] === true, hash)
      const target = placing(room, nameOf)
      const { id, name, owner } = target.record
      const members = new Set(owner === '' ? log.members : [...log.members, owner])
      await put(store, file, target, log.events)
      for (const member of members) await store.moveMark(member, id, log.events)
      // What was deleted here leaves this room, too.
      for (const username of deleted) await store.changeAccount(username, { deletion_done: false })
      print(`Imported room ${id} (${name}): ${log.events} events; users added: ${added}`)
      return undefined
    })
  },
}

/** The room as the file and the options describe it, with usernames spelled as on the source server. */
interface Adapted {
  first: StoredEvent
  settings: Settings
}

/** The room as it will be stored here. */
interface Target {
  record: RoomRecord
  /** Converts an event of the file to an event of this room. */
  place(event: StoredEvent): StoredEvent
}

const isRoomId = new Ajv().compile(RoomId)
const isRoomName = new Ajv().compile(RoomSettings.properties.name)

/** @throws Error, one sentence, if the options do not make a valid room */
function adapt({ created, name: last_name }: LogSummary, { id, name: asked_name, owner }: Values): Adapted {
  if (created.data?.members && (id ?? asked_name ?? owner) !== undefined) {
    throw new Error('A direct conversation has no other id, no name and no owner: omit --id, --name and --owner')
  }
  const room_id = id ?? created.room_id
  if (!isRoomId(room_id) || room_id === DEFAULT_ROOM_ID) {
    throw new Error('The room needs an id of its own (1 to 32 characters of A–Z, a–z, 0–9, _ and -): use --id')
  }
  if (owner !== undefined && created.username !== '') {
    throw new Error(`The room already has an owner, ${created.username}: omit --owner`)
  }
  const username = owner ?? created.username
  if (username === '') throw new Error('The room has no owner: use --owner')
  const name = asked_name ?? last_name
  if (!isRoomName(name)) {
    throw new Error(
      asked_name === undefined
        ? `${name} is not a valid room name here: use --name`
        : '--name is not a valid room name',
    )
  }
  // The room has its last name from the start, because its earlier ones may be taken here.
  const settings = { ...(created.data as Settings), name }

  const first = { ...created, room_id, username, data: settings } as StoredEvent
  return { first, settings }
}

/** @param nameOf how a username is spelled here; lookups of a user's events use the registered spelling */
function placing({ first, settings }: Adapted, nameOf: (username: string) => string): Target {
  function place(event: StoredEvent): StoredEvent {
    const placed = event.seq === 1 ? first : { ...event, room_id: first.room_id }
    const { username, member, data } = placed
    if (data?.name !== undefined) placed.data = { ...data, name: settings.name }
    if (data?.mentions) placed.data = { ...data, mentions: data.mentions.map(nameOf) }
    if (data?.members) placed.data = { ...data, members: data.members.map(nameOf) }
    return { ...placed, username: nameOf(username), ...(member !== undefined && { member: nameOf(member) }) }
  }
  const { members, ...record } = settings
  return {
    record: {
      id: first.room_id,
      ...record,
      indexed_seq: 1,
      owner: members ? '' : nameOf(first.username),
      member_count: members?.length ?? 1,
      ...(members && { direct: { usernames: members.map(nameOf), blocked_by: [] } }),
      created_at: first.created_at,
      deleted: false,
      slow_mode_s: 0,
      ...KEEPS_ALL,
    },
    place,
  }
}

/**
 * @returns how many users were added, which of the others deleted their account, and how each username is spelled here
 * @throws Error, one sentence, if users are missing and may not be added
 */
async function ensureUsers(store: Store, usernames: string[], mayAdd: boolean, hash: string) {
  const spelled = new Map<string, string>()
  const deleted: string[] = []
  for (let at = 0; at < usernames.length; at += USERS_AT_ONCE) {
    const found = await store.readUsers(usernames.slice(at, at + USERS_AT_ONCE))
    for (const { username, deletion } of found) {
      spelled.set(username.toLowerCase(), username)
      if (deletion !== null) deleted.push(username)
    }
  }
  const missing = usernames.filter(username => !spelled.has(username.toLowerCase()))
  if (missing.length > 0 && !mayAdd) {
    const some = missing.slice(0, NAMED_MAX).join(', ')
    const more = missing.length > NAMED_MAX ? ` and ${missing.length - NAMED_MAX} more` : ''
    throw new Error(`Unknown users: ${some}${more}. Create them, or use --add-users`)
  }
  for (const username of missing) await store.createUser({ ...newUser(username, hash), blocked: true })
  const nameOf = (username: string) => spelled.get(username.toLowerCase()) ?? username
  return { added: missing.length, deleted, nameOf }
}

/** Stores only the missing events, so that an interrupted import continues. */
async function put(store: Store, file: string, { record, place }: Target, events: number) {
  const { id: room_id, name } = record
  if ((await store.readHead(room_id)) > events) throw conflictError(room_id)
  for await (const batch of readRoom(file, BATCH_MAX)) {
    const placed = batch.map(place)
    const [first] = placed as [StoredEvent]
    const known = await store.readEvents(room_id, { after: first.seq - 1, limit: placed.length })
    if (!known.every((event, i) => isSame(event, placed[i]))) throw conflictError(room_id)
    const missing = placed.slice(known.length)
    try {
      if (missing[0]?.seq === 1) await store.createRoom(record, missing.shift() as StoredEvent)
      if (missing[0] !== undefined) await store.append(room_id, missing[0].seq - 1, missing)
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
      if (first.seq === 1 && known.length === 0) throw new Error(`Room name ${name} is already taken: use --name`)
      throw new Error(
        `A user wrote to room ${room_id} during the import: delete the room and import it again with another --id`,
      )
    }
  }
}

/** The text of a deleted message may already be empty in one of the two and not yet in the other. */
function isSame(known: StoredEvent, placed: StoredEvent | undefined): boolean {
  const { text: _known, ...rest } = known
  const { text: _placed, ...others } = placed ?? {}
  return isDeepStrictEqual(rest, others) && (known.text === placed?.text || known.text === '' || placed?.text === '')
}

const conflictError = (room_id: string) =>
  new Error(`Room ${room_id} already exists with other content: use --id to import under another id`)
