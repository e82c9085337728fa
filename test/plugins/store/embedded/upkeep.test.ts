import { join } from 'node:path'
import { type Test, test } from 'tap'
import { openConnection } from '../../../../plugins/store/embedded/connection.js'
import { openEmbedded } from '../../../../plugins/store/embedded/embedded.js'
import { prepareFolder } from '../../../../plugins/store/embedded/folder.js'
import { Sqlite } from '../../../../plugins/store/embedded/sqlite.js'
import { createUpkeep } from '../../../../plugins/store/embedded/upkeep.js'
import { createWrites } from '../../../../plugins/store/embedded/writes.js'
import type { Store } from '../../../../plugins/store/store.js'
import { KEEPS_ALL } from '../../../../schemas/wire.js'
import { temporaryFolder } from '../../../support/application.js'
import { message, NOW } from '../../../support/events.js'

async function createRoom(store: Store) {
  const settings = { name: 'Room', description: '', is_public: true, max_members: 0 }
  const more = {
    indexed_seq: 1,
    owner: 'ann',
    member_count: 1,
    password_hash: null,
    created_at: NOW,
    deleted: false,
    slow_mode_s: 0,
    ...KEEPS_ALL,
  }
  const { text, ...created } = message(1, '')
  await store.createRoom({ id: 'r', ...settings, ...more }, { ...created, type: 'created', data: settings })
}

/** Reads the file itself, bypassing the store. */
function look<Row extends object>(folder: string, sql: string): Row[] {
  const db = new Sqlite(join(folder, 'talkie.db'), 60_000)
  try {
    return db.all<Row>(sql)
  } finally {
    db.close()
  }
}

test('no table contains the text of a deleted message', async t => {
  const folder = temporaryFolder(t)
  const store = await openEmbedded(folder, console)
  const edited = { ...message(2, 'secret two'), type: 'edited' as const, target: 1 }
  await store.append('r', 0, [message(1, 'secret one'), edited, message(3, 'open')])
  t.strictSame((await store.searchTerms('r', ['secret'], { before: 9, limit: 9 })).seqs, [1])
  const { text, ...bare } = message(4, '')
  await store.append('r', 3, [{ ...bare, type: 'deleted', target: 1 }])
  t.strictSame(look(folder, 'select seq, text from events order by seq'), [
    { seq: 1, text: '' },
    { seq: 2, text: '' },
    { seq: 3, text: 'open' },
    { seq: 4, text: null },
  ])
  t.strictSame((await store.searchTerms('r', ['secret'], { before: 9, limit: 9 })).seqs, [])
  t.strictSame(look(folder, `select rowid & 0xfffffffff as seq from terms where terms match '1_secret OR 1_open'`), [
    { seq: 3 },
  ])
  await store.close()
})

/** Writes to a closed store like a process that is killed before its background work. */
function writeOnly(folder: string, work: (writes: ReturnType<typeof createWrites>) => void) {
  const { file, release } = prepareFolder(folder)
  const db = openConnection(file, 'writer')
  work(createWrites(db))
  db.close()
  release()
}

test('a restart continues to purge a deleted room until nothing is left', async t => {
  const folder = temporaryFolder(t)
  let store = await openEmbedded(folder, console)
  await createRoom(store)
  const messages = Array.from({ length: 450 }, (_, i) => message(i + 2, `secret ${i}`))
  await store.append('r', 1, messages)
  t.equal((await store.searchTerms('r', ['secret'], { before: 1000, limit: 1000 })).seqs.length, 450)
  await store.close()
  const { text, ...bare } = message(452, '')
  writeOnly(folder, writes => writes.append('r', 451, [{ ...bare, type: 'room_deleted' }]))
  t.strictSame(look(folder, 'select room_id from purges'), [{ room_id: 'r' }])
  store = await openEmbedded(folder, console)
  while (look(folder, 'select room_id from purges').length > 0);
  t.strictSame(look(folder, `select seq from events where text <> ''`), [])
  t.strictSame(look(folder, `select rowid from terms where terms match '1_secret'`), [])
  t.equal(await store.readHead('r'), 452)
  await store.close()
})

test('events that were unindexed at a restart are found by a search, and indexing continues at its position', async t => {
  const folder = temporaryFolder(t)
  let store = await openEmbedded(folder, console)
  await store.append('r', 0, [message(1, 'one word')])
  await store.searchTerms('r', ['word'], { before: 9, limit: 9 })
  await store.close()
  writeOnly(folder, writes => writes.append('r', 1, [message(2, 'another word')]))
  t.strictSame(look(folder, 'select seq from indexed'), [{ seq: 1 }])
  store = await openEmbedded(folder, console)
  t.strictSame((await store.searchTerms('r', ['word'], { before: 99, limit: 99 })).seqs, [2, 1])
  await store.close()
  t.strictSame(look(folder, 'select seq from indexed'), [{ seq: 2 }])
})

test('a large backlog of unindexed events is indexed without a search', async t => {
  const folder = temporaryFolder(t)
  const store = await openEmbedded(folder, console)
  const rooms = Array.from({ length: 3 }, (_, i) => `room-${i}`)
  for (let head = 0; head < 2000; head += 500) {
    const events = Array.from({ length: 500 }, (_, i) => message(head + i + 1, `word ${i}`))
    await Promise.all(
      rooms.map(room_id =>
        store.append(
          room_id,
          head,
          events.map(event => ({ ...event, room_id })),
        ),
      ),
    )
  }
  while (look(folder, 'select seq from indexed where seq = 2000').length < rooms.length);
  t.strictSame(
    (await store.searchTerms('room-1', ['word', '499'], { before: 5000, limit: 10 })).seqs,
    [2000, 1500, 1000, 500],
  )
  await store.close()
})

/** A store's file, its upkeep, and what says up to which seq a room is indexed. */
function openUpkeep(t: Test) {
  const { file, release } = prepareFolder(temporaryFolder(t))
  const db = openConnection(file, 'writer')
  t.teardown(() => {
    db.close()
    release()
  })
  const [upkeep, writes] = [createUpkeep(db), createWrites(db)]
  return {
    db,
    upkeep,
    append(room_id: string, seqs: number[]) {
      const events = seqs.map(seq => message(seq, 'word', room_id))
      writes.append(room_id, (seqs[0] as number) - 1, events)
      upkeep.appended(room_id, events)
    },
    indexed: () =>
      Object.fromEntries(
        db
          .all<{ room_id: string; seq: number }>('select room_id, seq from indexed')
          .map(({ room_id, seq }) => [room_id, seq]),
      ),
  }
}

test('what falls behind while a round runs waits for the next one, and purges take turns with rounds', async t => {
  const { db, upkeep, append, indexed } = openUpkeep(t)
  db.exec(`insert into purges (room_id, seq) values ('gone', 0)`)
  append(
    'big',
    Array.from({ length: 250 }, (_, n) => n + 1),
  )
  append('small', [1])
  upkeep.step()
  t.ok(upkeep.inRound)
  append('late', [1])
  upkeep.step()
  t.strictSame(indexed(), { big: 250, small: 1 })
  upkeep.step()
  t.strictSame(db.all('select * from purges'), [], 'a purge is next, though a room is behind')
  t.strictSame(indexed(), { big: 250, small: 1 })
  upkeep.step()
  t.strictSame(indexed(), { big: 250, small: 1, late: 1 })
  upkeep.step()
  t.strictSame([upkeep.inRound, upkeep.pending], [false, false])
})

test('commits are synced again after every step of upkeep, even a failed one', async t => {
  const { db, upkeep, append } = openUpkeep(t)
  const full = { synchronous: 2 }
  t.strictSame(db.get('pragma synchronous'), full)
  append('r', [1])
  upkeep.step()
  t.strictSame(db.all('select seq from indexed'), [{ seq: 1 }])
  t.strictSame(db.get('pragma synchronous'), full)
  db.exec('drop table indexed')
  t.throws(() => upkeep.step('r'))
  t.strictSame(db.get('pragma synchronous'), full)
})
