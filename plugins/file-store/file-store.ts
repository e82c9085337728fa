import { pipeline, type Readable, Transform } from 'node:stream'
import { errors } from '../../schemas/error.js'

/** A file on this machine that is complete and is to be stored. */
export interface Spooled {
  path: string
  /** Bytes. */
  size: number
  /** SHA-256 of the bytes, in hexadecimal. */
  sha256: string
}

/** A part of a file, in bytes, both ends included, as in a Range header. */
export interface ByteRange {
  start: number
  end: number
}

/** A stored object, as `list` finds it. */
export interface StoredBytes {
  key: string
  size: number
}

/** What a key consists of: a random id, and a suffix if it is derived from another file. */
export const KEY = /^[a-z0-9-]{1,64}$/

/**
 * The bytes of files. It knows neither rooms nor users: which files exist is in the store, which has a row before the
 * first byte is written here and until the last one is removed, so that nothing is left behind by a crash.
 *
 * Every method rejects with errors.FilesUnavailable (503) if the bytes cannot be reached at the moment; the outcome of a
 * write is then unknown, and repeating it is safe. Keys match KEY; any other is refused with a RangeError.
 */
export interface FileStore {
  /** Where the bytes are; for logs. */
  readonly description: string
  /**
   * Stores a file whole or not at all; it is durable when the promise resolves. The content of a key never changes: the
   * caller stores each key once, or the same bytes again. The spooled file may be moved, so that it may be gone afterwards.
   * @throws StorageFull
   */
  put(key: string, file: Spooled): Promise<void>
  /**
   * Opens the bytes; the caller reads them to the end or destroys the stream, which frees what it holds. The stream fails
   * if the bytes end early, so that a part is never taken for the whole.
   * @param range within the file
   * @returns null if nothing is stored under the key
   */
  open(key: string, range?: ByteRange): Promise<Readable | null>
  /** The bytes that are stored under a key; null if there are none. */
  sizeOf(key: string): Promise<number | null>
  /** Removes everything that is stored under a key, also what an interrupted `put` left. Removing nothing is no error. */
  remove(key: string): Promise<void>
  /** Everything that is stored, in any order. */
  list(): AsyncIterable<StoredBytes>
  /** Resolves if bytes could be stored now. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** @throws RangeError, so that no key ever becomes a path or an address of something else */
export function assertKey(key: string): string {
  if (!KEY.test(key)) throw new RangeError('Not a key of a file')
  return key
}

/** A stream of the same bytes that fails unless there are so many of them. Destroying it destroys `source`. */
export function whole(source: Readable, size: number): Readable {
  let left = size
  const checked = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length
      done(left < 0 ? new errors.FilesUnavailable() : null, chunk)
    },
    flush: done => done(left === 0 ? null : new errors.FilesUnavailable()),
  })
  // What fails is told by the stream itself.
  return pipeline(source, checked, () => {})
}
