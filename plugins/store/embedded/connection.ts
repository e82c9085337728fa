import { Sqlite } from './sqlite.js'

/** Only checkpoints hold locks that another connection of this process may wait for, and only briefly. */
export const BUSY_MS = 5000

const pragmas = {
  /**
   * Commits are synced to disk. The WAL is checkpointed every 16,000 pages (64 MB): commits wait for it, and pages that
   * changed many times are copied once.
   */
  writer: 'pragma synchronous = full; pragma wal_autocheckpoint = 16000; pragma cache_size = -65536',
  reader: 'pragma query_only = on; pragma cache_size = -32768',
}

/** A connection to the store's file, which `prepareFolder` has made. */
export function openConnection(file: string, use: keyof typeof pragmas): Sqlite {
  const db = new Sqlite(file, BUSY_MS)
  db.exec(pragmas[use])
  return db
}
