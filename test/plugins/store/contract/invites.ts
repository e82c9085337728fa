import { limits } from '../../../../schemas/wire.js'
import { NOW } from '../../../support/events.js'
import { eventually } from '../../../support/eventually.js'
import { events, type Part, type Promises, room } from './support.js'

const LATER = '2099-01-01T00:00:00.000Z'
const made = (id: number, more: object = {}) => ({
  ...{ id, seq: id, created_by: 'ann', created_at: NOW, code_hash: `hash-${id}`, uses: 0, claims: [], ...more },
})
const joinedBy = (member: string, invite: number, claim?: string): Part => ({
  ...{ type: 'joined', member, username: member, data: { invite, ...(claim && { claim }) } },
})

/** Invitations, of which the room's record holds those that can be used, and an index all. */
export function invitesContract({ promise }: Promises) {
  promise('invitations follow the log: uses, claims and ends', async (t, store) => {
    await store.createRoom(...room('r'))
    const claim = { claim: 'of dan', expires_at: LATER }
    const changes: Part[] = [
      { type: 'invited', data: { code_hash: 'hash-2', max_uses: 2 } },
      { type: 'invited', data: { code_hash: 'hash-3', expires_at: LATER } },
      joinedBy('bob', 2),
      { type: 'invite_claimed', username: '', data: { invite: 2, ...claim } },
      { type: 'invite_revoked', username: 'cho', data: { invite: 3 } },
    ]
    await store.append('r', 1, events('r', 1, changes))
    const open = made(2, { seq: 5, max_uses: 2, uses: 1, claims: [claim] })
    const joined = [{ username: 'bob', joined_at: NOW }]
    const revoked = { ...made(3, { seq: 6, expires_at: LATER, revoked_by: 'cho' }), room_id: 'r', joined: [] }
    t.strictSame((await store.readRoom('r'))?.invites, [open])
    t.strictSame((await store.readState('r', [], Number.MAX_SAFE_INTEGER)).room?.invites, [open])
    t.strictSame(await store.listInvites('r', { limit: 9 }), [revoked, { ...open, room_id: 'r', joined }])

    await store.append('r', 6, events('r', 6, [joinedBy('dan', 2, 'of dan')]))
    t.equal((await store.readRoom('r'))?.invites, undefined, 'used up')
    const used = { ...open, room_id: 'r', seq: 7, uses: 2, claims: [] }
    const both = { ...used, joined: [{ username: 'dan', joined_at: NOW }, ...joined] }
    t.strictSame(await store.readInvite('r', 2), both)
    t.strictSame(await store.listInvites('r', { limit: 1 }), [revoked])
    t.strictSame(await store.listInvites('r', { before: 3, limit: 9 }), [both])
    t.equal(await store.readInvite('r', 4), null)
    t.equal(await store.readInvite('other', 2), null)
  })

  promise('a new invitation drops expired ones from the record, unless a use of them is kept', async (t, store) => {
    await store.createRoom(...room('r'))
    const expired = { expires_at: '2001-01-01T00:00:00.000Z' }
    const changes: Part[] = [
      { type: 'invited', data: { code_hash: 'hash-2', ...expired } },
      { type: 'invited', data: { code_hash: 'hash-3' } },
      { type: 'invited', data: { code_hash: 'hash-4', ...expired } },
      { type: 'invite_claimed', username: '', data: { invite: 4, claim: 'c', expires_at: LATER } },
      { type: 'invited', data: { code_hash: 'hash-6', ...expired } },
    ]
    await store.append('r', 1, events('r', 1, changes))
    t.strictSame(
      (await store.readRoom('r'))?.invites?.map(({ id }) => id),
      [3, 4, 6],
    )
    t.strictSame(
      (await store.listInvites('r', { limit: 9 })).map(({ id }) => id),
      [6, 4, 3, 2],
    )
  })

  promise(`an invitation names the last ${limits.INVITE_NAMES_MAX} users, and goes with its room`, async (t, store) => {
    await store.createRoom(...room('r'))
    const names = Array.from({ length: limits.INVITE_NAMES_MAX + 5 }, (_, n) => `user-${n}`)
    const invited: Part = { type: 'invited', data: { code_hash: 'hash-2' } }
    await store.append('r', 1, events('r', 1, [invited, ...names.map(name => joinedBy(name, 2))]))
    const row = await store.readInvite('r', 2)
    t.equal(row?.uses, names.length)
    t.strictSame(
      row?.joined.map(({ username }) => username),
      names.reverse().slice(0, limits.INVITE_NAMES_MAX),
    )
    const head = await store.readHead('r')
    await store.append('r', head, events('r', head, [{ type: 'room_deleted' }]))
    await eventually(async () => (await store.readInvite('r', 2)) === null)
  })
}
