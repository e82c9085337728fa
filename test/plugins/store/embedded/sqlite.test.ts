import { type Test, test } from 'tap'
import { Sqlite, SqliteError, type Value } from '../../../../plugins/store/embedded/sqlite.js'

function open(t: Test) {
  const db = new Sqlite(':memory:', 0)
  t.teardown(() => db.close())
  return db
}

test('bound values are read back unchanged: text, integers, null, bytes, and booleans as 0 and 1', async t => {
  const db = open(t)
  db.exec('create table t (text text, number integer, big integer, none text, bytes blob, yes integer, nope integer)')
  db.run('insert into t values (?, ?, ?, ?, ?, ?, ?)', [
    '가',
    2 ** 53 - 1,
    7n,
    null,
    Buffer.from([1, 0, 2]),
    true,
    false,
  ])
  const row = db.get<{ bytes: Buffer }>('select * from t')
  t.strictSame(row, {
    text: '가',
    number: 2 ** 53 - 1,
    big: 7,
    none: null,
    bytes: Buffer.from([1, 0, 2]),
    yes: 1,
    nope: 0,
  })
  t.strictSame(db.all('select number, yes from t'), [{ number: 2 ** 53 - 1, yes: 1 }])
  t.equal(db.get('select 1 from t where text = ?', ['나']), undefined)
})

test('values that would crash the process are rejected', async t => {
  const db = open(t)
  for (const value of [undefined, {}, [], Symbol('x'), () => 1, new Date()]) {
    t.throws(() => db.run('select ?', [value as Value]), TypeError, String(value))
  }
})

test('a transaction that throws is rolled back, any other is committed', async t => {
  const db = open(t)
  db.exec('create table t (id integer primary key)')
  const fail = () =>
    db.transaction(() => {
      db.run('insert into t values (1)')
      throw new Error('no')
    })
  t.throws(fail, /no/)
  t.notOk(db.inTransaction)
  t.equal(
    db.transaction(() => db.all('insert into t values (2) returning id').length),
    1,
  )
  t.strictSame(db.all('select id from t'), [{ id: 2 }])
  t.throws(() => db.run('insert into t values (2)'), SqliteError)
  t.throws(() => db.run('insert into t values (2)'), { code: 'SQLITE_CONSTRAINT_PRIMARYKEY' })
})

test('a snapshot ends with its work, even if that throws', async t => {
  const db = open(t)
  t.equal(
    db.snapshot(() => db.inTransaction),
    true,
  )
  t.throws(() =>
    db.snapshot(() => {
      throw new Error('no')
    }),
  )
  t.equal(db.inTransaction, false)
})

test('a closed connection rejects further use', async t => {
  const db = new Sqlite(':memory:', 0)
  db.get('select 1')
  db.close()
  t.throws(() => db.get('select 1'), /closed/)
})
