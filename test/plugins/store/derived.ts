import { directId, type Store } from '../../../plugins/store/index.js'
import type { StoredEvent } from '../../../schemas/event.js'
import { KEEPS_ALL } from '../../../schemas/wire.js'
import { NOW } from '../../support/events.js'

const event = (room_id: string, seq: number, fields: Partial<StoredEvent> & Pick<StoredEvent, 'type'>) => ({
  room_id,
  seq,
  username: 'ann',
  client_id: `own-${seq}`,
  created_at: NOW,
  ...fields,
})

export const PAIR = directId(['ann', 'bob'])

/** A conversation of two, in which one blocks the other. */
export async function fillPair(store: Store) {
  const settings = { name: PAIR, description: '', is_public: false, max_members: 0, password_hash: null }
  const stored = {
    indexed_seq: 1,
    owner: '',
    member_count: 2,
    created_at: NOW,
    deleted: false,
    slow_mode_s: 0,
    ...KEEPS_ALL,
  }
  const usernames = ['ann', 'bob']
  await store.createRoom(
    { id: PAIR, ...settings, ...stored, direct: { usernames, blocked_by: [] } },
    event(PAIR, 1, { type: 'created', data: { ...settings, members: usernames } }),
  )
  const parts: Parameters<typeof event>[2][] = [
    { type: 'message', text: 'hello' },
    { type: 'blocked', member: 'bob' },
    { type: 'blocked', username: 'bob', member: 'ann' },
    { type: 'unblocked', member: 'bob' },
  ]
  await store.append(
    PAIR,
    1,
    parts.map((part, i) => event(PAIR, i + 2, part)),
  )
}

/** Fills two rooms with events of every type that an index reflects. */
export async function fillLogs(store: Store) {
  await fillPair(store)
  for (const id of ['lunch', 'gone']) {
    const settings = { name: `Room ${id}`, description: '', is_public: true, max_members: 0, password_hash: null }
    const record = {
      id,
      ...settings,
      indexed_seq: 1,
      owner: 'ann',
      member_count: 1,
      created_at: NOW,
      deleted: false,
      slow_mode_s: 0,
      ...KEEPS_ALL,
    }
    await store.createRoom(record, event(id, 1, { type: 'created', data: settings }))
    const parts: Parameters<typeof event>[2][] = [
      { type: 'joined', member: 'bob' },
      { type: 'joined', member: 'cho' },
      { type: 'message', text: 'red @bob @cho', data: { mentions: ['bob', 'cho'] } },
      { type: 'message', text: 'green @all', data: { mentions_all: true } },
      { type: 'edited', target: 4, text: 'blue @bob', data: { mentions: ['bob'] } },
      { type: 'deleted', target: 5 },
      { type: 'room_changed', member: 'bob' },
      { type: 'left', member: 'ann' },
      { type: 'joined', member: 'dan' },
      { type: 'role_changed', member: 'dan', data: { role: 'moderator' } },
      { type: 'muted', member: 'dan', data: { reason: 'loud' } },
      { type: 'banned', member: 'cho', data: { was_member: true } },
      { type: 'banned', member: 'eve', data: { was_member: false } },
      { type: 'unbanned', member: 'eve' },
      { type: 'unmuted', member: 'dan' },
      { type: 'muted', member: 'bob', data: { until: '2099-01-01T00:00:00.000Z' } },
      { type: 'room_changed', data: { name: `Passing ${id}`, slow_mode_s: 9 } },
      { type: 'room_changed', data: { name: `Room ${id} again`, description: 'new' } },
      { type: 'invited', data: { code_hash: 'hash', max_uses: 3 } },
      { type: 'invited', data: { code_hash: 'other' } },
      { type: 'joined', member: 'fay', username: 'fay', data: { invite: 20 } },
      {
        type: 'invite_claimed',
        username: '',
        data: { invite: 20, claim: 'c', expires_at: '2099-01-01T00:00:00.000Z' },
      },
      { type: 'invite_revoked', data: { invite: 21 } },
      { type: 'reacted', username: 'bob', data: { message_id: 4, emoji: '👍', on: true, count: 1, changes: 1 } },
      { type: 'reacted', username: 'dan', data: { message_id: 4, emoji: '👍', on: true, count: 2, changes: 1 } },
      { type: 'reacted', username: 'bob', data: { message_id: 4, emoji: '👍', on: false, count: 1, changes: 2 } },
    ]
    await store.append(
      id,
      1,
      parts.map((part, i) => event(id, i + 2, part)),
    )
  }
  // A name that a room had before may be another one's when the indexes are rebuilt.
  await store.append('gone', 27, [event('gone', 28, { type: 'room_changed', data: { name: 'Passing lunch' } })])
  await store.append('gone', 28, [event('gone', 29, { type: 'room_deleted' })])
}

/** Everything that the store derives from those logs. */
export async function readIndexes(store: Store) {
  const rooms = ['lunch', 'gone', PAIR]
  const find = async (room_id: string, term: string) => {
    return (await store.searchTerms(room_id, [term], { before: Number.MAX_SAFE_INTEGER, limit: 10 })).seqs
  }
  return {
    records: await Promise.all(rooms.map(id => store.readRoom(id))),
    members: await Promise.all(rooms.map(id => store.listMembers(id, { limit: 10 }))),
    row: await store.readMember('lunch', 'ann'),
    invites: await store.listInvites('lunch', { limit: 10 }),
    reactions: await store.readReactions('lunch', [4], ['bob', 'dan']),
    blocks: await Promise.all(['ann', 'bob'].map(username => store.listBlocks(username))),
    direct: await store.listDirect('ann', { limit: 10 }),
    banned: await store.listBanned('lunch', { limit: 10 }),
    mentions: await Promise.all(
      ['bob', 'cho'].map(async username => (await store.listMentions(username, { limit: 10 })).targets),
    ),
    blue: await find('lunch', 'blue'),
    green: await find('lunch', 'green'),
  }
}
