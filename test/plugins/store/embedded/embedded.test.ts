import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import { openEmbedded } from '../../../../plugins/store/embedded/embedded.js'
import { temporaryFolder } from '../../../support/application.js'
import { message } from '../../../support/events.js'
import { storeContract } from '../contract.js'

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

test('a failed read rejects with StoreUnavailable and is logged', async t => {
  const folder = temporaryFolder(t)
  const store = await openEmbedded(folder, console)
  for (let head = 0; head < 1000; head += 200) {
    const events = Array.from({ length: 200 }, (_, i) => message(head + i + 1, 'x'.repeat(500)))
    await store.append('r', head, events)
  }
  await store.close()
  // The second half of the file holds the log; the table definitions are at the beginning.
  const file = join(folder, 'talkie.db')
  const { size } = statSync(file)
  const fd = openSync(file, 'r+')
  writeSync(fd, Buffer.alloc(size / 2, 0xaa), 0, size / 2, size / 2)
  closeSync(fd)
  const told: string[] = []
  const damaged = await openEmbedded(folder, { error: (_, text) => told.push(text) })
  await t.rejects(damaged.readEvents('r', { after: 0, limit: 1000 }), { code: 'STORE_UNAVAILABLE', statusCode: 503 })
  t.ok(told.includes('Failed to read from the store'))
  await damaged.close()
})

test('an append that would leave a gap is rejected', async t => {
  const store = await openEmbedded(temporaryFolder(t), console)
  await t.rejects(store.append('r', 3, [message(4, 'hole')]), /has no event 3/)
  t.equal(await store.readHead('r'), 0)
  await store.close()
})
