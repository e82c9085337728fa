import { join } from 'node:path'
import { test } from 'tap'
import { openEmbedded } from '../../../../plugins/store/embedded/embedded.js'
import { deferred, immediate } from '../../../../plugins/store/embedded/indexes.js'
import { Sqlite } from '../../../../plugins/store/embedded/sqlite.js'
import { temporaryFolder } from '../../../support/application.js'
import { fillLogs, readIndexes } from '../derived.js'

test('an index that an older server did not keep is made from the logs when the store is opened', async t => {
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
