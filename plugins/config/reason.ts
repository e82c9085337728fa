const reasons: Record<string, string> = {
  EACCES: 'permission denied',
  EBUSY: 'it is in use',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'a file of this name already exists',
  EFBIG: 'the file is too large',
  EIO: 'the disk reports an error',
  EISDIR: 'it is a folder',
  ELOOP: 'its symbolic links lead in a circle',
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

/** What the network's error codes mean; `$` is the address. */
const network: Record<string, string> = {
  EADDRNOTAVAIL: '$ is not an address of this machine',
  EAI_AGAIN: 'the host name $ cannot be looked up now',
  ECONNREFUSED: 'the connection to $ is refused',
  ECONNRESET: 'the connection was closed by the other side',
  EHOSTUNREACH: '$ cannot be reached',
  ENETUNREACH: '$ cannot be reached',
  ENOTFOUND: 'the host name $ is unknown',
  ETIMEDOUT: '$ does not answer',
}
const NETWORK = new RegExp(`(?:\\w+ )?\\b(${Object.keys(network).join('|')})\\b(?: ([^\\s,]+))?`, 'g')

/** A message of Node or a driver, with words for the codes of the network. */
export const inWords = (message: string) =>
  message.replace(NETWORK, (_, code: string, address = 'it') => (network[code] as string).replace('$', address))

/** One line for the operator: what failed in words, without the name of an error code. */
export function explain(error: unknown): string {
  const { message, path } = error as NodeJS.ErrnoException
  const reason = reasonOf(error)
  if (reason !== undefined) return path === undefined ? `A file cannot be used: ${reason}` : `${path}: ${reason}`
  return inWords(message.split('\n', 1)[0] as string)
}
