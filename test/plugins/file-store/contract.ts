import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type Test, test } from 'tap'
import type { FileStore, Spooled } from '../../../plugins/file-store/index.js'
import { temporaryFolder } from '../../support/application.js'
import { eventually } from '../../support/eventually.js'
import { repeat } from '../../support/repeat.js'

export interface Opened {
  /** An empty store. */
  files: FileStore
  /** Closes the store and opens it again. */
  reopen(): Promise<FileStore>
  destroy(): Promise<void>
}

const MIB = 1024 * 1024
const descriptors = async () => (await readdir('/proc/self/fd')).length
const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** A complete file on this machine. */
export function spool(t: Test, bytes: Buffer): Spooled {
  const path = join(temporaryFolder(t), 'spooled')
  writeFileSync(path, bytes)
  return { path, size: bytes.length, sha256: hashOf(bytes) }
}

async function readAll(files: FileStore, key: string, range?: { start: number; end: number }): Promise<Buffer | null> {
  const stream = await files.open(key, range)
  return stream && buffer(stream)
}

/** The guarantees of every store for files. */
export function fileStoreContract(name: string, open: () => Promise<Opened>) {
  const promises = (promise: string, work: (t: Test, opened: Opened) => Promise<void>) =>
    test(`${name}: ${promise}`, async t => {
      const opened = await open()
      t.after(() => opened.destroy())
      await work(t, opened)
    })

  promises('a file is stored whole, and is there after a restart', async (t, { files, reopen }) => {
    const sizes = [0, 1, 255 * 1024, 6 * MIB + 17]
    const stored = sizes.map(size => ({ key: randomUUID(), bytes: randomBytes(size) }))
    for (const { key, bytes } of stored) {
      t.equal(await files.sizeOf(key), null)
      t.equal(await files.open(key), null)
      await files.put(key, spool(t, bytes))
    }
    const again = await reopen()
    for (const { key, bytes } of stored) {
      t.equal(await again.sizeOf(key), bytes.length)
      t.equal(hashOf((await readAll(again, key)) as Buffer), hashOf(bytes), `${bytes.length} bytes`)
    }
    const listed = []
    for await (const each of again.list()) listed.push(each)
    const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1)
    t.strictSame(listed.sort(byKey), stored.map(({ key, bytes }) => ({ key, size: bytes.length })).sort(byKey))
  })

  promises('storing the same bytes again changes nothing', async (t, { files }) => {
    const [key, bytes] = [randomUUID(), randomBytes(300_000)]
    await files.put(key, spool(t, bytes))
    await files.put(key, spool(t, bytes))
    t.equal(hashOf((await readAll(files, key)) as Buffer), hashOf(bytes))
  })

  promises('any range is read, across the borders of what the store keeps together', async (t, { files }) => {
    const [key, bytes] = [randomUUID(), randomBytes(MIB)]
    await files.put(key, spool(t, bytes))
    const ranges = [
      [0, 0],
      [0, 1],
      [255 * 1024 - 1, 255 * 1024],
      [100, 700_000],
      [MIB - 500, MIB - 1],
      [0, MIB - 1],
    ] as const
    for (const [start, end] of ranges) {
      const read = await readAll(files, key, { start, end })
      t.ok(read?.equals(bytes.subarray(start, end + 1)), `${start}-${end}`)
    }
  })

  promises('a removed file is gone, and removing it again is no error', async (t, { files }) => {
    const [kept, removed] = [randomUUID(), randomUUID()]
    for (const key of [kept, removed]) await files.put(key, spool(t, randomBytes(600_000)))
    await files.remove(removed)
    await files.remove(removed)
    t.equal(await files.open(removed), null)
    t.equal(await files.sizeOf(removed), null)
    t.equal(await files.sizeOf(kept), 600_000)
  })

  promises('a name that is no key is refused', async (t, { files }) => {
    for (const key of ['', '../x', '/etc/passwd', 'a/b', 'C:\\x', 'a\0', 'A', 'x'.repeat(65), '..', '.']) {
      await t.rejects(files.open(key), RangeError, JSON.stringify(key))
      await t.rejects(files.sizeOf(key), RangeError)
      await t.rejects(files.remove(key), RangeError)
      await t.rejects(files.put(key, spool(t, Buffer.from('x'))), RangeError)
    }
  })

  // F84, F85
  promises('readers that go away in the middle hold nothing', async (t, { files }) => {
    const [key, bytes] = [randomUUID(), randomBytes(2 * MIB)]
    await files.put(key, spool(t, bytes))
    await readAll(files, key)
    const before = await descriptors()
    for (let i = 0; i < repeat(100, 20); i++) {
      const stream = await files.open(key)
      stream?.once('readable', () => stream.destroy()).on('error', () => {})
      await files.sizeOf(key)
    }
    await eventually(async () => (await descriptors()) <= before + 5)
    t.equal(hashOf((await readAll(files, key)) as Buffer), hashOf(bytes), 'and the next one reads at once')
  })

  promises('it answers a ping', async (_t, { files }) => files.ping())
}
