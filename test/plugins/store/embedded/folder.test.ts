import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { prepareFolder } from '../../../../plugins/store/embedded/folder.js'
import { openEmbedded } from '../../../../plugins/store/embedded/index.js'
import { Sqlite } from '../../../../plugins/store/embedded/sqlite.js'
import { SCHEMA_VERSION } from '../../../../plugins/store/embedded/tables.js'
import { temporaryFolder } from '../../../support/application.js'

const log = { debug() {}, info() {}, warn() {}, error() {} }

/** Checks that opening fails with one line and leaves the folder unlocked. */
function refuses(t: Test, folder: string, sentence: RegExp) {
  t.throws(() => prepareFolder(folder), { message: sentence })
  t.throws(() => prepareFolder(folder), { message: sentence }, 'the same again: no lock is left behind')
  t.match(sentence.source, /^\^.*\$$/, 'the whole message is this line')
}

test('a missing folder is created, with a store that has an epoch', async t => {
  const dataDir = join(temporaryFolder(t), 'a', 'b')
  const { file, epoch, release } = prepareFolder(dataDir)
  t.equal(file, join(dataDir, 'talkie.db'))
  t.match(epoch, /^[\w-]{16}$/)
  release()
  const again = prepareFolder(dataDir)
  t.equal(again.epoch, epoch)
  again.release()
})

test('a path that is a file, or is below one, is rejected with one sentence', async t => {
  const file = join(temporaryFolder(t), 'file')
  writeFileSync(file, '')
  refuses(t, file, /^DATA_DIR .*file is not a writable folder: a file of this name already exists$/)
  refuses(t, join(file, 'below'), /^DATA_DIR .*below is not a writable folder: a part of its path is not a folder$/)
})

test('a folder in use is rejected, also within one process, until it is released', async t => {
  const folder = temporaryFolder(t)
  const { release } = prepareFolder(folder)
  refuses(t, folder, /^DATA_DIR .* is in use by another process$/)
  release()
  prepareFolder(folder).release()
})

test('a file that is not a database is rejected with one sentence', async t => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'talkie.db'), 'no database '.repeat(1000))
  refuses(
    t,
    folder,
    /^.*talkie\.db cannot be read as a store of this server \(it is not a database\); restore it from a backup$/,
  )
})

test('a database of another program is rejected with one sentence', async t => {
  const folder = temporaryFolder(t)
  const db = new Sqlite(join(folder, 'talkie.db'), 0)
  db.exec('create table other (id integer)')
  db.close()
  refuses(
    t,
    folder,
    /^.*talkie\.db cannot be read as a store of this server \(it is not a database of this server\); restore it from a backup$/,
  )
})

test('a store that was emptied or removed does not start as a new one', async t => {
  const folder = temporaryFolder(t)
  const { file, release } = prepareFolder(folder)
  release()
  truncateSync(file)
  const sentence =
    /^.*talkie\.db is empty or missing; restore it from a backup, or for a new server delete it and .*-wal$/
  refuses(t, folder, sentence)
  t.equal(statSync(file).size, 0)

  const removed = temporaryFolder(t)
  writeFileSync(join(removed, 'talkie.db-wal'), 'changes that are not in the file yet')
  refuses(t, removed, sentence)
  t.notOk(existsSync(join(removed, 'talkie.db')))
})

test('leftovers of a killed start are not mistaken for a store, and the next start succeeds', async t => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'talkie.lock'), '')
  writeFileSync(join(folder, 'talkie.db.part'), 'half a')
  prepareFolder(folder).release()
  t.strictSame(
    readdirSync(folder).filter(name => name.includes('part')),
    [],
  )
})

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

test('only the server’s user can read the folder and its files, even if it was readable by others before', async t => {
  const parent = temporaryFolder(t)
  const [made, old, shared] = ['made', 'old', 'shared'].map(name => join(parent, name)) as [string, string, string]
  for (const folder of [old, shared]) {
    mkdirSync(folder, { mode: 0o755 })
    prepareFolder(folder).release()
    chmodSync(folder, 0o755)
    for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644)
  }
  writeFileSync(join(shared, 'notes.txt'), 'of another program', { mode: 0o644 })
  const umask = process.umask(0)
  t.teardown(() => process.umask(umask))
  for (const folder of [made, old, shared]) {
    const store = await openEmbedded(folder, log)
    await store.ping()
    t.ok(readdirSync(folder).includes('talkie.db-wal'))
    for (const name of readdirSync(folder).filter(name => name !== 'notes.txt')) {
      t.equal(modeOf(join(folder, name)), '600', name)
    }
    await store.close()
  }
  t.same([modeOf(made), modeOf(old)], ['700', '700'])
  t.same([modeOf(shared), modeOf(join(shared, 'notes.txt'))], ['755', '644'], 'a folder with other files is left alone')
})

test('a damaged lock file is reported in one sentence', async t => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'talkie.lock'), 'no database '.repeat(1000))
  refuses(
    t,
    folder,
    /^.*talkie\.lock cannot be locked \(it is not a database\); if no server is using this folder, delete that file$/,
  )
})

test('a store of another schema version is rejected with one sentence', async t => {
  const folder = temporaryFolder(t)
  const { file, release } = prepareFolder(folder)
  release()
  const db = new Sqlite(file, 0)
  db.run("update meta set value = '99' where name = 'schema_version'")
  db.close()
  refuses(
    t,
    folder,
    new RegExp(`^.*talkie\\.db has schema version 99, but this server reads version ${SCHEMA_VERSION} only$`),
  )
})
