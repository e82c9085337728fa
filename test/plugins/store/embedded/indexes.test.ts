import { join } from 'node:path'
import { test } from 'tap'
import { openEmbedded } from '../../../../plugins/store/embedded/embedded.js'
import { deferred, immediate } from '../../../../plugins/store/embedded/indexes.js'
import { Sqlite } from '../../../../plugins/store/embedded/sqlite.js'
import { Conflict } from '../../../../plugins/store/index.js'
import { KEEPS_ALL } from '../../../../schemas/wire.js'
import { temporaryFolder } from '../../../support/application.js'
import { eventually } from '../../../support/eventually.js'
import { room, session, user } from '../contract/support.js'
import { fillLogs, fillPair, PAIR, readIndexes } from '../derived.js'

test('an index that an older server did not have is built from the logs when the store is opened', async t => {
  const folder = temporaryFolder(t)
  const before = await openEmbedded(folder, console)
  await fillLogs(before)
  const derived = await readIndexes(before)
  t.strictSame([derived.blue, derived.green], [[4], []])
  await before.close()

  const db = new Sqlite(join(folder, 'talkie.db'), 0)
  for (const { name } of [...immediate, ...deferred]) db.exec(`drop table ${name}`)
  db.run("update rooms set owner = 'nobody', member_count = 99, name = 'lost'")
  db.close()

  for (const time of ['first', 'second']) {
    const after = await openEmbedded(folder, console)
    t.strictSame(await readIndexes(after), derived, `opened for the ${time} time`)
    await after.close()
  }
})

/** What versions 4 and 5 added. */
const ADDED = {
  users: ['generation', 'kept_session', 'is_admin', 'reset_hash', 'reset_expires_at'],
  sessions: ['generation', 'device', 'address', 'last_seen_at'],
  rooms: ['slow_mode_s', 'direct'],
  members: ['role', 'banned', 'muted', 'blocks'],
}

/** Takes a store back to version 4. */
function dropAddedSince5(db: Sqlite) {
  dropDirect(db)
  db.exec('drop table invites; alter table rooms drop column invites')
  db.exec('drop index users_deletion; drop index members_rows')
  for (const column of ['deletion', 'deleted_at', 'deletion_done']) db.exec(`alter table users drop column ${column}`)
}

/** Takes a store back to version 3. */
function dropAdded(db: Sqlite) {
  dropAddedSince5(db)
  db.exec('drop index members_banned; create unique index rooms_name on rooms (name) where deleted = 0')
  for (const [table, columns] of Object.entries(ADDED)) {
    for (const column of columns) {
      if (!DIRECT.includes(column)) db.exec(`alter table ${table} drop column ${column}`)
    }
  }
}

/** What version 7 added; version 8 added what rooms keep. */
const DIRECT = ['direct', 'blocks']

function dropDirect(db: Sqlite) {
  for (const column of ['retention_h', 'retention_count', 'emptied_seq', 'read_counts'])
    db.exec(`alter table rooms drop column ${column}`)
  db.exec('alter table purges drop column upto; drop table mentions; alter table members drop column since')
  db.exec(`
    drop index members_blocks; drop index rooms_name_folded;
    create unique index rooms_name_folded on rooms (name_folded) where deleted = 0;
    alter table rooms drop column direct; alter table members drop column blocks;
    alter table rooms drop column preview; alter table members drop column refuses_adding`)
}

/** Makes a store as version 2 left it, with terms and names of another kind. */
function downgrade(file: string) {
  const db = new Sqlite(file, 0)
  dropAdded(db)
  db.exec(`
    drop index rooms_name_folded; drop index rooms_public; alter table rooms drop column name_sort;
    create index rooms_public on rooms (name) where deleted = 0 and is_public = 1;
    delete from terms; insert into terms (rowid, text) values ((1 << 36) | 4, '1_stale');
    update rooms set name = 'STRASSE', name_folded = 'strasse', created_at = '2030' where id = 'b';
    update events set data = replace(data, '"other"', '"STRASSE"') where room_id = 'b';
    update meta set value = '2' where name = 'schema_version'`)
  db.close()
}

test('opening a store of version 2 rebuilds its terms and names, and keeps rooms that share a name', async t => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'talkie.db')
  const before = await openEmbedded(folder, console)
  await fillLogs(before)
  await before.createRoom(...room('a', { name: 'Straße' }))
  await before.createRoom(...room('b', { name: 'other' }))
  const derived = await readIndexes(before)
  await before.close()
  downgrade(file)

  for (const time of ['first', 'second']) {
    const store = await openEmbedded(folder, console)
    await eventually(() => {
      const db = new Sqlite(file, 1000)
      const rows = db.all<{ seq: number }>('select seq from indexed')
      db.close()
      return rows.length > 0 && rows.every(({ seq }) => seq > 0)
    })
    t.strictSame(await readIndexes(store), derived, `opened for the ${time} time`)
    const names = (await store.listRooms('ann', { limit: 10 })).standings.map(({ room: { name } }) => name)
    t.strictSame(names, ['Room lunch again', 'STRASSE', 'Straße'])
    await t.rejects(store.createRoom(...room('c', { name: 'strasse' })), Conflict)
    await store.append('b', time === 'first' ? 1 : 2, [
      { ...room('b')[1], seq: time === 'first' ? 2 : 3, type: 'joined', member: 'bob', client_id: time },
    ])
    await store.close()
  }
})

test('opening a store of version 3 keeps its accounts and sessions valid, and makes nobody an administrator', async t => {
  const folder = temporaryFolder(t)
  const before = await openEmbedded(folder, console)
  await before.createUser(user('Ann'))
  await before.createSession(session('s', 'Ann'))
  await before.close()
  const db = new Sqlite(join(folder, 'talkie.db'), 0)
  dropAdded(db)
  db.run("update meta set value = '3' where name = 'schema_version'")
  db.close()

  for (const time of ['first', 'second']) {
    const after = await openEmbedded(folder, console)
    t.strictSame(await after.readUser('Ann'), user('Ann'), `opened for the ${time} time`)
    t.strictSame(await after.readSession('s'), session('s', 'Ann', { generation: 0, device: '', address: '' }))
    await after.close()
  }
  const after = await openEmbedded(folder, console)
  t.teardown(() => after.close())
  t.match(await after.createUser(user('bob'), true), { is_admin: false })
})

test('opening a store of version 4 deletes no account, and finds the memberships of every user', async t => {
  const folder = temporaryFolder(t)
  const before = await openEmbedded(folder, console)
  await before.createUser(user('Ann'))
  await before.createRoom(...room('a', { owner: 'Ann' }))
  await before.close()
  const db = new Sqlite(join(folder, 'talkie.db'), 0)
  dropAddedSince5(db)
  db.run("update meta set value = '4' where name = 'schema_version'")
  db.close()

  for (const time of ['first', 'second']) {
    const after = await openEmbedded(folder, console)
    t.strictSame(await after.readUser('Ann'), user('Ann'), `opened for the ${time} time`)
    t.strictSame(await after.listDeletions(10), [])
    t.match(await after.listMemberships('ann', { limit: 10 }), [{ room_id: 'a', is_member: true }])
    t.match(await after.readRoom('a'), KEEPS_ALL)
    await after.close()
  }
})

test('opening a store of version 6 keeps its rooms and members, and can hold direct conversations then', async t => {
  const folder = temporaryFolder(t)
  const before = await openEmbedded(folder, console)
  await fillLogs(before)
  const derived = await readIndexes(before)
  await before.close()
  const db = new Sqlite(join(folder, 'talkie.db'), 0)
  db.run(`delete from events where room_id = '${PAIR}'`)
  for (const table of ['members', 'rooms']) {
    db.run(`delete from ${table} where ${table === 'rooms' ? 'id' : 'room_id'} = '${PAIR}'`)
  }
  dropDirect(db)
  db.run("update meta set value = '6' where name = 'schema_version'")
  db.close()

  const after = await openEmbedded(folder, console)
  t.teardown(() => after.close())
  await fillPair(after)
  t.strictSame(await readIndexes(after), derived)
})
