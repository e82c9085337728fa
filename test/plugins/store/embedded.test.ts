import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { openEmbedded } from '../../../plugins/store/embedded.js'
import { Sqlite } from '../../../plugins/store/sqlite.js'
import type { Store } from '../../../plugins/store/store.js'
import type { StoredEvent } from '../../../schemas/event.js'
import { storeContract } from './contract.js'

function temporaryFolder(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'talkie-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

storeContract('embedded', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'talkie-'))
  let store = await openEmbedded(folder, console)
  return {
    store,
    async reopen() {
      await store.close()
      store = await openEmbedded(folder, console)
      return store
    },
    async destroy() {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
})

const NOW = '2026-01-31T09:30:00.000Z'
const message = (seq: number, text: string): StoredEvent => ({
  room_id: 'r',
  seq,
  type: 'message',
  username: 'ann',
  client_id: `own-${seq}`,
  created_at: NOW,
  text,
})

async function createRoom(store: Store) {
  const settings = { name: 'Room', description: '', is_public: true, max_members: 0 }
  const more = { indexed_seq: 1, owner: 'ann', member_count: 1, password_hash: null, created_at: NOW, deleted: false }
  const { text, ...created } = message(1, '')
  await store.createRoom({ id: 'r', ...settings, ...more }, { ...created, type: 'created', data: settings })
}

/** Looks at the file itself, beside the store. */
function look<Row extends object>(folder: string, sql: string): Row[] {
  const db = new Sqlite(join(folder, 'talkie.db'), 1000)
  try {
    return db.all<Row>(sql)
  } finally {
    db.close()
  }
}

/** Opening must fail with one line and leave the folder free. */
async function refuses(t: Test, folder: string, sentence: RegExp) {
  await t.rejects(openEmbedded(folder, console), { message: sentence })
  const { message } = (await openEmbedded(folder, console).catch((error: Error) => error)) as Error
  t.match(message, sentence, 'the same again: no lock is left behind')
  t.notMatch(message, /\n/)
}

test('the folder is made where it is missing', async t => {
  const folder = join(temporaryFolder(t), 'a', 'b')
  const store = await openEmbedded(folder, console)
  t.equal(store.description, `embedded in ${join(folder, 'talkie.db')}`)
  await store.close()
})

test('a folder that is a file, or is below one, is refused in one sentence', async t => {
  const file = join(temporaryFolder(t), 'file')
  writeFileSync(file, '')
  await refuses(t, file, /^DATA_DIR .*file cannot be used as a writable folder \(EEXIST\)$/)
  await refuses(t, join(file, 'below'), /^DATA_DIR .*below cannot be used as a writable folder \(ENOTDIR\)$/)
})

test('a folder that a store holds is refused to another in the same process, and free when that one closes', async t => {
  const folder = temporaryFolder(t)
  const store = await openEmbedded(folder, console)
  await refuses(t, folder, /^DATA_DIR .* is in use by another process$/)
  await store.createUser({
    username: 'ann',
    display_name: '',
    bio: '',
    avatar_color: '#000000',
    status: 'away',
    created_at: NOW,
    password_hash: '',
  })
  await store.close()
  const next = await openEmbedded(folder, console)
  t.ok(await next.readUser('ann'), 'and the refused one harmed nothing')
  await next.close()
})

test('a file that is no database is refused in one sentence', async t => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'talkie.db'), 'no database '.repeat(1000))
  await refuses(
    t,
    folder,
    /talkie\.db cannot be read as a store of this server \(SQLITE_NOTADB\); restore it from a backup$/,
  )
})

test('a database that is not ours is refused in one sentence', async t => {
  const folder = temporaryFolder(t)
  const db = new Sqlite(join(folder, 'talkie.db'), 0)
  db.exec('create table other (id integer)')
  db.close()
  await refuses(t, folder, /talkie\.db cannot be read as a store of this server/)
})

test('a damaged guard file is named in one sentence', async t => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'talkie.lock'), 'no database '.repeat(1000))
  await refuses(t, folder, /talkie\.lock cannot be locked \(SQLITE_NOTADB\); if no server runs here, remove that file$/)
})

test('a store of another schema version is refused in one sentence', async t => {
  const folder = temporaryFolder(t)
  await (await openEmbedded(folder, console)).close()
  look(folder, "update meta set value = '7' where name = 'schema_version'")
  await refuses(t, folder, /talkie\.db has schema version 7, but this server reads version 1 only$/)
})

test('what cannot be read is StoreUnavailable, and told', async t => {
  const folder = temporaryFolder(t)
  const store = await openEmbedded(folder, console)
  for (let head = 0; head < 1000; head += 200) {
    const events = Array.from({ length: 200 }, (_, i) => message(head + i + 1, 'x'.repeat(500)))
    await store.append('r', head, events)
  }
  await store.close()
  // The second half of the file holds the log; the tables' definitions stand at the beginning.
  const file = join(folder, 'talkie.db')
  const { size } = statSync(file)
  const fd = openSync(file, 'r+')
  writeSync(fd, Buffer.alloc(size / 2, 0xaa), 0, size / 2, size / 2)
  closeSync(fd)
  const told: string[] = []
  const damaged = await openEmbedded(folder, { error: (_, text) => told.push(text) })
  await t.rejects(damaged.readEvents('r', { after: 0, limit: 1000 }), { code: 'STORE_UNAVAILABLE', statusCode: 503 })
  t.ok(told.includes('The store cannot read'))
  await damaged.close()
})

test('the text of what was deleted is nowhere in the tables', async t => {
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

test('a restart goes on emptying a deleted room until nothing of it is left', async t => {
  const folder = temporaryFolder(t)
  let store = await openEmbedded(folder, console)
  await createRoom(store)
  const messages = Array.from({ length: 450 }, (_, i) => message(i + 2, `secret ${i}`))
  await store.append('r', 1, messages)
  t.equal((await store.searchTerms('r', ['secret'], { before: 1000, limit: 1000 })).seqs.length, 450)
  const { text, ...bare } = message(452, '')
  await store.append('r', 451, [{ ...bare, type: 'room_deleted' }])
  await store.close()
  t.not(look(folder, 'select room_id from purges').length, 0, 'closing did not wait for it')
  store = await openEmbedded(folder, console)
  while (look(folder, 'select room_id from purges').length > 0);
  t.strictSame(look(folder, `select seq from events where text <> ''`), [])
  t.strictSame(look(folder, `select rowid from terms where terms match '1_secret'`), [])
  t.equal(await store.readHead('r'), 452)
  await store.close()
})

test('what a restart finds unindexed is found by a search, and where the index stood it goes on', async t => {
  const folder = temporaryFolder(t)
  let store = await openEmbedded(folder, console)
  await store.append('r', 0, [message(1, 'one word'), message(2, 'two word')])
  await store.searchTerms('r', ['word'], { before: 9, limit: 9 })
  await store.append('r', 2, [message(3, 'three word')])
  await store.close()
  t.strictSame(look(folder, 'select seq from indexed'), [{ seq: 2 }])
  store = await openEmbedded(folder, console)
  t.strictSame((await store.searchTerms('r', ['word'], { before: 9, limit: 9 })).seqs, [3, 2, 1])
  await store.close()
  t.strictSame(look(folder, 'select seq from indexed'), [{ seq: 3 }])
})

test('an append that would leave a hole is refused', async t => {
  const store = await openEmbedded(temporaryFolder(t), console)
  await t.rejects(store.append('r', 3, [message(4, 'hole')]), /has no event 3/)
  t.equal(await store.readHead('r'), 0)
  await store.close()
})

test('events that are far behind the index are indexed without a search', async t => {
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
