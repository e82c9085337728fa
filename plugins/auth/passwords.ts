import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { errors } from '../../schemas/error.js'
import { limits } from '../../schemas/wire.js'

/** Hashes that wait for a thread: about ten seconds of work at cost 10 on two cores, so that 200 people can log in at once. */
const QUEUE_MAX = 300
const THREADS_MAX = 4
/** Time after which an idle thread ends. */
const IDLE_MS = 60_000

export type Passwords = ReturnType<typeof createPasswords>

/**
 * Hashes passwords in worker threads, so that a burst of logins does not delay messages.
 *
 * Passwords are normalized to NFC, because macOS and Windows differ in how they compose Hangul. bcrypt ignores input
 * after 72 bytes or U+0000, so longer passwords and those with U+0000 are rejected and never match.
 */
export function createPasswords(cost: number) {
  const pool = new Piscina({
    filename: new URL('./password-worker.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: Math.min(THREADS_MAX, availableParallelism()),
    idleTimeout: IDLE_MS,
    maxQueue: QUEUE_MAX,
  })
  const nobody = hashOfNobody(cost)

  async function run(name: 'hash' | 'compare', task: object) {
    if (pool.queueSize >= QUEUE_MAX) throw new errors.LoginQueueFull()
    return pool.run(task, { name })
  }

  /** @throws PasswordTooLong, BadRequest, LoginQueueFull */
  async function hash(password: string): Promise<string> {
    const composed = password.normalize('NFC')
    if (Buffer.byteLength(composed) > limits.PASSWORD_BYTES_MAX) throw new errors.PasswordTooLong()
    if (composed.includes('\0')) throw new errors.BadRequest('Password must not contain U+0000')
    return run('hash', { password: composed, cost })
  }

  /**
   * Takes the same time for every result, even if there is nothing to compare with.
   * @param hash null, which never matches, if the user does not exist or has no password
   * @throws LoginQueueFull
   */
  async function verify(password: string, hash: string | null): Promise<boolean> {
    const composed = password.normalize('NFC')
    const possible = Buffer.byteLength(composed) <= limits.PASSWORD_BYTES_MAX && !composed.includes('\0')
    const same = await run('compare', { password: possible ? composed : '', hash: hash ?? nobody })
    return same && possible && hash !== null
  }

  return {
    hash,
    verify,
    /** Hashes that wait for a thread. */
    waiting: () => pool.queueSize,
    close: () => pool.destroy(),
  }
}

/** A hash that no password has, but that takes as long to compare as any other of the same cost. */
export function hashOfNobody(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`
}
