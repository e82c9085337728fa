import { setPriority } from 'node:os'
import bcrypt from 'bcryptjs'

// On Linux, niceness is per thread, so only hashing is slowed down in favor of chat. On other systems it would slow down
// the whole process.
if (process.platform === 'linux') setPriority(10)

/** Runs in a worker thread, because a hash takes about 50 ms. */
export function hash({ password, cost }: { password: string; cost: number }): string {
  return bcrypt.hashSync(password, cost)
}

export function compare({ password, hash }: { password: string; hash: string }): boolean {
  return bcrypt.compareSync(password, hash)
}
