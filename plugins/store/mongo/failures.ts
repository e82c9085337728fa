import { MongoBulkWriteError, MongoServerError } from 'mongodb'

const DUPLICATE_KEY = 11000

/**
 * Whether a write failed only because a key was taken. The caller finds out which key by reading, not from the error,
 * whose text differs between servers and may name another index.
 *
 * False for an error that also reports a failed write concern, because the stored data could still be rolled back.
 */
export function isDuplicate(error: unknown): boolean {
  if (!(error instanceof MongoServerError)) return false
  if (!(error instanceof MongoBulkWriteError)) return error.code === DUPLICATE_KEY
  if (error.result.getWriteConcernError() !== undefined) return false
  const failures = [error.writeErrors].flat()
  return failures.length > 0 && failures.every(({ code }) => code === DUPLICATE_KEY)
}

/** Inserts unless the key is taken. @returns whether it inserted */
export async function insertIfMissing(insert: Promise<unknown>): Promise<boolean> {
  try {
    await insert
    return true
  } catch (error) {
    if (isDuplicate(error)) return false
    throw error
  }
}
