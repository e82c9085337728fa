const reasons: Record<string, string> = {
  EACCES: 'permission denied',
  EBUSY: 'it is in use',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'a file of this name already exists',
  EIO: 'the disk reports an error',
  EISDIR: 'it is a folder',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'it does not exist',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is not a folder',
  EPERM: 'the operation is not permitted',
  EPIPE: 'the reader of the output has ended',
  EROFS: 'the disk is read-only',
  SQLITE_AUTH: 'permission denied',
  SQLITE_BUSY: 'another process uses it',
  SQLITE_CANTOPEN: 'it cannot be opened',
  SQLITE_CORRUPT: 'it is damaged',
  SQLITE_ERROR: 'it is not a database of this server',
  SQLITE_FULL: 'the disk is full',
  SQLITE_IOERR: 'the disk reports an error',
  SQLITE_LOCKED: 'another process uses it',
  SQLITE_NOTADB: 'it is not a database',
  SQLITE_PERM: 'permission denied',
  SQLITE_READONLY: 'it is read-only',
}

/** Why a file cannot be used, in words; undefined for an error that is neither of the file system nor of SQLite. */
export function reasonOf(error: unknown): string | undefined {
  const { code } = error as { code?: unknown }
  if (typeof code !== 'string') return undefined
  // SQLite has codes that are more exact, such as SQLITE_IOERR_WRITE.
  return reasons[code] ?? reasons[code.split('_', 2).join('_')]
}

/** One line for the operator: what failed in words, without the name of an error code. */
export function explain(error: unknown): string {
  const { message, path } = error as NodeJS.ErrnoException
  const reason = reasonOf(error)
  if (reason !== undefined) return path === undefined ? `A file cannot be used: ${reason}` : `${path}: ${reason}`
  return message.split('\n', 1)[0] as string
}
