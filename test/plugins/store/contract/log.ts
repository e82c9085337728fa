import assert from 'node:assert/strict'
import fc from 'fast-check'
import { foldMember, foldRoom, membersOf } from '../../../../plugins/store/log/fold.js'
import { BATCH_MAX, Conflict } from '../../../../plugins/store/store.js'
import type { StoredEvent } from '../../../../schemas/event.js'
import type { MemberRow } from '../../../../schemas/room.js'
import { NOW } from '../../../support/events.js'
import {
  events,
  isConflict,
  message,
  type Part,
  type Promises,
  room,
  seqs,
  standing,
  texts,
  upTo,
  user,
} from './support.js'

/** Appending to logs and reading events. */
export function logContract({ promise }: Promises) {
  promise('findAhead returns the rooms that have an event after their position', async (t, store) => {
    await store.append('a', 0, events('a', 0, [message('one'), message('two')]))
    await store.append('b', 0, events('b', 0, [message('one')]))
    const ahead = await store.findAhead([
      { room_id: 'a', seq: 1 },
      { room_id: 'b', seq: 1 },
      { room_id: 'none', seq: 0 },
    ])
    t.strictSame(ahead, ['a'])
    t.strictSame((await store.findAhead(['a', 'b'].map(room_id => ({ room_id, seq: 0 })))).sort(), ['a', 'b'])
    t.strictSame(await store.findAhead([{ room_id: 'a', seq: 1 }]), ['a'])
    t.strictSame(await store.findAhead([{ room_id: 'b', seq: 1 }]), [])
    t.strictSame(await store.findAhead([]), [])
  })

  promise('events are read exactly as they were appended', async (t, store) => {
    const text = `${'가'.repeat(2000)}\r\n\t <b>"'\\%_ 😀`
    const log = events('r', 0, [
      message(text, { username: 'Ann-1_', client_id: 'a.b:c-d_1' }),
      message('reply', { reply_to: 1 }),
      { type: 'edited', target: 2, text: 'edit' },
      { type: 'joined', member: 'Bob' },
      { type: 'session_ended', data: { session_id: 's', expires_at: NOW } },
    ])
    await store.append('r', 0, log)
    t.strictSame(await store.readEvents('r', { after: 0, limit: 10 }), log)
    t.strictSame(await store.readByClientId('r', 'ann-1_', 'a.b:c-d_1'), log[0])
    t.equal(await store.readByClientId('r', 'ann-1_', 'A.B:C-D_1'), null, 'client_ids differ by case')
    t.equal(await store.readByClientId('s', 'Ann-1_', 'a.b:c-d_1'), null)
  })

  promise('events are read after a seq, up to a seq and up to a limit', async (t, store) => {
    await store.append(
      'r',
      0,
      events(
        'r',
        0,
        upTo(6).map(i => message(`${i}`)),
      ),
    )
    await store.append('q', 0, events('q', 0, [message('other room')]))
    const read = async (query: { after: number; upto?: number; limit: number }) =>
      seqs(await store.readEvents('r', query))
    t.strictSame(await read({ after: 0, limit: 10 }), [1, 2, 3, 4, 5, 6])
    t.strictSame(await read({ after: 2, limit: 2 }), [3, 4])
    t.strictSame(await read({ after: 2, upto: 5, limit: 10 }), [3, 4, 5])
    t.strictSame(await read({ after: 4, upto: 4, limit: 10 }), [])
    t.strictSame(await read({ after: 6, limit: 10 }), [])
    t.equal(await store.readHead('r'), 6)
    t.equal(await store.readHead('nowhere'), 0)
  })

  promise('events of one type are read after a seq', async (t, store) => {
    const ended = { type: 'session_ended' as const }
    await store.append('_system', 0, events('_system', 0, [ended, message('x'), ended, ended]))
    const read = async (after: number, limit: number) =>
      seqs(await store.readByType('_system', 'session_ended', { after, limit }))
    t.strictSame(await read(0, 10), [1, 3, 4])
    t.strictSame(await read(1, 1), [3])
    t.strictSame(await read(4, 10), [])
  })

  promise('a log that is trimmed keeps its newest event, and goes on after it', async (t, store) => {
    await store.append(
      '_audit',
      0,
      events(
        '_audit',
        0,
        ['1', '2', '3', '4'].map(text => message(text)),
      ),
    )
    await store.append('_system', 0, events('_system', 0, [message('x')]))
    await store.trimLog('_audit', 2)
    const left = async (room_id: string) => seqs(await store.readEvents(room_id, { after: 0, limit: 10 }))
    t.strictSame(await left('_audit'), [3, 4])
    await store.trimLog('_audit', 100)
    t.strictSame(await left('_audit'), [4])
    await store.append('_audit', 4, events('_audit', 4, [message('5')]))
    t.strictSame(await left('_audit'), [4, 5])
    await store.trimLog('nowhere', 5)
    t.strictSame(await left('_system'), [1])
  })

  promise('of concurrent appends after the same seq one succeeds, and no gap is left', async (t, store) => {
    await store.append('r', 0, events('r', 0, [message('first')]))
    const writers = ['a', 'b', 'c', 'd', 'e']
    const batch = (writer: string) =>
      events('r', 1, [message(writer, { client_id: `${writer}1` }), message(writer, { client_id: `${writer}2` })])
    const results = await Promise.allSettled(writers.map(writer => store.append('r', 1, batch(writer))))
    t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    t.equal(results.filter(isConflict).length, writers.length - 1)
    const log = await store.readEvents('r', { after: 0, limit: 10 })
    t.strictSame(seqs(log), [1, 2, 3])
    const winner = writers[results.findIndex(({ status }) => status === 'fulfilled')]
    t.strictSame(texts(log), ['first', winner, winner])
  })

  promise('an append behind the head conflicts and stores nothing', async (t, store) => {
    const log = events('r', 0, [message('one'), message('two'), message('three')])
    await store.append('r', 0, log)
    await t.rejects(store.append('r', 0, events('r', 0, [message('late', { client_id: 'x' })])), Conflict)
    await t.rejects(store.append('r', 1, events('r', 1, [message('late', { client_id: 'x' })])), Conflict)
    t.strictSame(await store.readEvents('r', { after: 0, limit: 10 }), log)
    t.equal(await store.readByClientId('r', 'ann', 'x'), null)
  })

  promise('a client_id is unique per user and room, regardless of the name’s case', async (t, store) => {
    await store.append('r', 0, events('r', 0, [message('first', { username: 'Ann', client_id: 'x' })]))
    const again = (more: Partial<StoredEvent>, room_id = 'r', after = 1) =>
      store.append(
        room_id,
        after,
        events(room_id, after, [message('again', { username: 'Ann', client_id: 'x', ...more })]),
      )
    await t.rejects(again({}), Conflict)
    await t.rejects(again({ username: 'ANN' }), Conflict)
    await t.rejects(again({ type: 'deleted', target: 1 }), Conflict, 'one scope for all types')
    t.equal(await store.readHead('r'), 1)
    t.equal((await store.readByClientId('r', 'ann', 'x'))?.text, 'first')
    await again({ username: 'bob' })
    await again({}, 'other', 0)
    t.equal(await store.readHead('r'), 2)
    t.equal(await store.readHead('other'), 1)
  })

  promise('the newest events of some types between two seqs are read oldest first', async (t, store) => {
    const parts: Part[] = [
      { type: 'joined', member: 'bob' },
      message('hello'),
      { type: 'banned', member: 'bob' },
      { type: 'deleted', target: 2 },
      { type: 'joined', member: 'cho' },
      { type: 'left', member: 'cho' },
    ]
    const log = events('r', 0, parts)
    await store.append('r', 0, log)
    await store.append('s', 0, events('s', 0, [{ type: 'left', member: 'bob' }]))
    const read = async (query: { after?: number; before?: number; limit: number }) =>
      seqs(await store.readNewest('r', ['joined', 'left', 'banned'], query))
    t.strictSame(await read({ limit: 9 }), [1, 3, 5, 6])
    t.strictSame(await read({ limit: 2 }), [5, 6])
    t.strictSame(await read({ after: 1, before: 6, limit: 9 }), [3, 5])
    t.strictSame(await read({ before: 6, limit: 1 }), [5])
    t.strictSame(await store.readNewest('r', ['banned'], { limit: 9 }), [log[2]])
  })

  promise('a batch with a taken client_id leaves at most a prefix of itself', async (t, store) => {
    await store.append('r', 0, events('r', 0, [message('known', { client_id: 'k' })]))
    const batch = events('r', 1, [message('a'), message('b'), message('k', { client_id: 'k' }), message('c')])
    await t.rejects(store.append('r', 1, batch), Conflict)
    const log = await store.readEvents('r', { after: 1, limit: 10 })
    t.strictSame(log, batch.slice(0, log.length))
    t.ok(log.length <= 2)
    const head = await store.readHead('r')
    t.equal(head, 1 + log.length)
    await store.append('r', head, events('r', head, [message('next', { client_id: 'next' })]))
    t.equal(await store.readHead('r'), head + 1, 'the log goes on')
  })

  promise('a long batch with a conflict at any place leaves no gap', async (t, store) => {
    await store.append('r', 0, events('r', 0, [message('known', { client_id: 'k' })]))
    let head = 1
    for (const place of [0, 50, 99, 100, 250, 499]) {
      const fields = Array.from({ length: BATCH_MAX }, (_, n) =>
        message(`${place}:${n}`, n === place ? { client_id: 'k' } : {}),
      )
      const batch = events('r', head, fields)
      await t.rejects(store.append('r', head, batch), Conflict)
      const log = await store.readEvents('r', { after: head, limit: BATCH_MAX })
      t.ok(log.length <= place, `${log.length} of them before the one at ${place}`)
      t.strictSame(log, batch.slice(0, log.length))
      head += log.length
      t.equal(await store.readHead('r'), head)
    }
  })

  promise('a conflict of one write does not affect concurrent writes', async (t, store) => {
    await store.createUser(user('taken'))
    await store.append('c', 0, events('c', 0, [message('there')]))
    const results = await Promise.allSettled([
      store.append('a', 0, events('a', 0, [message('a')])),
      store.createUser(user('Taken')),
      store.append('c', 0, events('c', 0, [message('late', { client_id: 'late' })])),
      store.append('b', 0, events('b', 0, [message('b')])),
      store.createRoom(...room('c')),
      store.createUser(user('free')),
    ])
    t.strictSame(results.map(isConflict), [false, true, true, false, true, false])
    t.equal(await store.readHead('a'), 1)
    t.equal(await store.readHead('b'), 1)
    t.equal(await store.readHead('c'), 1)
    t.ok(await store.readUser('free'))
    t.equal(await store.readRoom('c'), null)
  })

  promise('no write is lost when many rooms are written to at once', async (t, store) => {
    const rooms = upTo(30).map(i => `r${i}`)
    const log = (id: string) => events(id, 0, [message(`one of ${id}`), message(`two of ${id}`)])
    await Promise.all([
      ...rooms.map(id => store.append(id, 0, log(id))),
      ...rooms.map(id => store.moveMark('ann', id, 1)),
      ...rooms.map(id => store.createUser(user(id))),
    ])
    for (const id of rooms) {
      t.strictSame(await store.readEvents(id, { after: 0, limit: 10 }), log(id))
      t.equal(await store.readMark('ann', id), 1)
    }
    t.equal(await store.countUsers(), 30)
  })

  promise('a batch of BATCH_MAX events is accepted', async (t, store) => {
    await store.append(
      'r',
      0,
      events(
        'r',
        0,
        upTo(BATCH_MAX).map(i => message(`text ${i}`)),
      ),
    )
    t.equal(await store.readHead('r'), BATCH_MAX)
    t.strictSame(texts(await store.readEvents('r', { after: BATCH_MAX - 1, limit: 10 })), [`text ${BATCH_MAX}`])
  })

  promise(
    'after any concurrent appends, the log holds what was acknowledged and the indexes match it',
    async (_, store) => {
      const people = ['ann', 'Bob', 'cho']
      const part = fc.oneof(
        fc.record({ type: fc.constant('message' as const), text: fc.constantFrom('red', 'blue', '빨강') }),
        fc.record({ type: fc.constant('joined' as const), member: fc.constantFrom(...people) }),
        fc.record({
          type: fc.constantFrom('left' as const, 'unbanned' as const, 'unmuted' as const),
          member: fc.constantFrom(...people),
        }),
        fc.record({
          type: fc.constant('left' as const),
          member: fc.constantFrom(...people),
          data: fc.constant({ refuses_adding: true }),
        }),
        fc.record({
          type: fc.constantFrom('banned' as const, 'muted' as const),
          member: fc.constantFrom(...people),
          data: fc.record(
            { until: fc.constant(NOW), reason: fc.constant('why') },
            { requiredKeys: [], noNullPrototype: true },
          ),
        }),
        fc.record({
          type: fc.constant('role_changed' as const),
          member: fc.constantFrom(...people),
          data: fc.record(
            { role: fc.constantFrom('moderator' as const, 'member' as const) },
            { noNullPrototype: true },
          ),
        }),
        fc.record({
          type: fc.constantFrom('blocked' as const, 'unblocked' as const),
          member: fc.constantFrom(...people),
        }),
        fc.record({
          type: fc.constant('room_changed' as const),
          data: fc.record(
            {
              slow_mode_s: fc.nat(9),
              is_public: fc.boolean(),
              preview: fc.boolean(),
              read_counts: fc.boolean(),
              retention_h: fc.nat(9),
            },
            { requiredKeys: [], noNullPrototype: true },
          ),
        }),
      )
      const append = fc.record({
        parts: fc.array(part, { minLength: 1, maxLength: 4 }),
        username: fc.constantFrom(...people),
        /** By how many events the writer's position is behind. */
        stale: fc.nat(2),
        /** Few, so that they repeat. */
        client_id: fc.nat(12),
      })
      let run = 0
      await fc.assert(
        fc.asyncProperty(fc.array(append, { maxLength: 12 }), fc.boolean(), async (appends, isDirect) => {
          const id = `p${run++}`
          const [record, created] = room(id, { name: `property ${id}` })
          if (isDirect) {
            Object.assign(record, { owner: '', member_count: people.length })
            Object.assign(record, { direct: { usernames: people, blocked_by: [] } })
            created.data = { ...created.data, members: people }
          }
          await store.createRoom(record, created)
          const log = [created]
          for (const { parts, username, stale, client_id } of appends) {
            const after = Math.max(0, log.length - stale)
            const batch = events(
              id,
              after,
              parts.map((part, i) => ({ ...part, username, client_id: `${client_id + i}` })),
            )
            const taken = log.some(known =>
              batch.some(e => e.client_id === known.client_id && e.username === known.username),
            )
            const error = await store.append(id, after, batch).then(
              () => null,
              (error: unknown) => error,
            )
            const stored = await store.readEvents(id, { after: log.length, limit: 100 })
            const behind = after < log.length
            if (error === null) {
              assert(!taken && !behind, 'a taken seq or client_id is not taken again')
              assert.deepEqual(stored, batch)
            } else {
              assert(error instanceof Conflict && (taken || behind), 'only taken seqs and client_ids conflict')
              assert.deepEqual(stored, behind ? [] : batch.slice(0, stored.length), 'a prefix at most')
            }
            log.push(...stored)
          }
          assert.deepEqual(await store.readEvents(id, { after: 0, limit: 100 }), log)
          const rows = new Map<string, MemberRow>()
          for (const event of log) {
            for (const username of membersOf(event)) {
              const row = foldMember(event, username, rows.get(username))
              if (row !== null) rows.set(row.username, row)
            }
          }
          const now = await standing(store, id, people)
          assert.deepEqual(
            now.rows,
            [...rows.keys()].sort().map(username => rows.get(username)),
          )
          assert.deepEqual({ ...now.room, indexed_seq: log.length }, log.reduce(foldRoom, record))
        }),
        { numRuns: 15 },
      )
    },
  )
}
