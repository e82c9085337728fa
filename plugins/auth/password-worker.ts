import { setPriority } from 'node:os'
import bcrypt from 'bcryptjs'

// Chat goes first: on Linux a niceness belongs to a thread, so this slows hashing only. Elsewhere it would slow the
// whole process.
if (process.platform === 'linux') setPriority(10)

/** Runs in a worker thread, where a hash of some 50 ms delays nobody. */
export function hash({ password, cost }: { password: string; cost: number }): string {
  return bcrypt.hashSync(password, cost)
}

export function compare({ password, hash }: { password: string; hash: string }): boolean {
  return bcrypt.compareSync(password, hash)
}
