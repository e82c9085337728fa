import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Binary, type Db, GridFSBucket, MongoError, MongoServerError } from 'mongodb'
import { errors } from '../../schemas/error.js'
import { assertKey, type ByteRange, type FileStore, type Spooled, whole } from './file-store.js'

/** MongoDB's codes of a full disk. */
const FULL: ReadonlySet<unknown> = new Set([14031, 292, 'OutOfDiskSpace'])

function failure(error: unknown): unknown {
  if (error instanceof MongoServerError && (FULL.has(error.code) || FULL.has(error.codeName))) {
    return new errors.StorageFull({ cause: error })
  }
  return error instanceof MongoError ? new errors.FilesUnavailable({ cause: error }) : error
}

/** Chunks that are read at a time, so that a slow reader holds one MiB. */
const CHUNKS_AT_ONCE = 4

interface GridFile {
  _id: string
  length: number
  chunkSize: number
}

interface Chunk {
  files_id: string
  n: number
  data: Binary
}

/**
 * Files in the database, as GridFS keeps them: chunks, and then the document that makes them a file.
 *
 * A file without its document does not exist, so a crash leaves chunks at worst. `remove` removes the document first and
 * then every chunk of the key, with or without a document.
 * @param db with the concerns of the store
 */
export function openGridFs(db: Db): FileStore {
  const bucket = new GridFSBucket(db, { bucketName: 'files' })
  const files = db.collection<GridFile>('files.files')
  const chunks = db.collection<Chunk>('files.chunks')
  const find = (key: string) => files.findOne({ _id: assertKey(key) })

  async function attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw failure(error)
    }
  }

  /** The driver's own stream reads 16 MiB ahead, and leaves its cursor open if it is destroyed. */
  async function* read({ _id, chunkSize }: GridFile, start: number, end: number) {
    const n = { $gte: Math.floor(start / chunkSize), $lte: Math.floor(end / chunkSize) }
    const found = chunks.find({ files_id: _id, n }, { sort: { n: 1 }, batchSize: CHUNKS_AT_ONCE })
    for await (const { n, data } of found) {
      const at = n * chunkSize
      yield data.buffer.subarray(Math.max(0, start - at), end - at + 1)
    }
  }

  async function remove(key: string) {
    await files.deleteOne({ _id: assertKey(key) })
    await chunks.deleteMany({ files_id: key })
  }

  return {
    description: `files in the database ${db.databaseName}`,

    put: (key, { path, size }: Spooled) =>
      attempt(async () => {
        if ((await find(key))?.length === size) return
        // Of an attempt that was interrupted.
        await remove(key)
        await pipeline(createReadStream(path), bucket.openUploadStreamWithId(key as never, key))
      }),

    open: (key, range?: ByteRange) =>
      attempt(async () => {
        const found = await find(key)
        if (found === null) return null
        const { start, end } = range ?? { start: 0, end: found.length - 1 }
        return whole(Readable.from(read(found, start, end), { objectMode: false }), end - start + 1)
      }),

    sizeOf: key => attempt(async () => (await find(key))?.length ?? null),

    remove: key => attempt(() => remove(key)),

    async *list() {
      for await (const { _id, length } of files.find({}, { projection: { length: 1 } }))
        yield { key: _id, size: length }
    },

    ping: () => attempt(async () => void (await db.command({ ping: 1 }))),

    close: async () => {},
  }
}
