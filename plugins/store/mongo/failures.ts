import { MongoBulkWriteError, MongoServerError } from 'mongodb'

const DUPLICATE_KEY = 11000

/**
 * Whether a write failed because a key was taken, and for nothing else. Which key it was is asked of the store, never of
 * the error: its text differs from server to server and may name another index.
 *
 * An error that also tells of a missing majority says nothing: what was stored may vanish.
 */
export function isDuplicate(error: unknown): boolean {
  if (!(error instanceof MongoServerError)) return false
  if (!(error instanceof MongoBulkWriteError)) return error.code === DUPLICATE_KEY
  if (error.result.getWriteConcernError() !== undefined) return false
  const failures = [error.writeErrors].flat()
  return failures.length > 0 && failures.every(({ code }) => code === DUPLICATE_KEY)
}

/** Inserts, and takes no offence at a key that is there already. @returns whether it was not */
export async function insertIfMissing(insert: Promise<unknown>): Promise<boolean> {
  try {
    await insert
    return true
  } catch (error) {
    if (isDuplicate(error)) return false
    throw error
  }
}
