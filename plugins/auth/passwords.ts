import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { errors } from '../../schemas/error.js'
import { limits } from '../../schemas/wire.js'

/** Hashes that wait for a thread; some three seconds of work at cost 10 on two cores. */
const QUEUE_MAX = 100
const THREADS_MAX = 4
/** An idle thread ends after this. */
const IDLE_MS = 60_000

export type Passwords = ReturnType<typeof createPasswords>

/**
 * Hashing of passwords in worker threads, so that a burst of logins delays no message.
 *
 * A password is the same whether its letters came composed or decomposed (macOS and Windows differ for Hangul): NFC is
 * hashed. bcrypt reads 72 bytes and stops at U+0000, so what is longer or holds one is refused and never matches.
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
    if (composed.includes('\0')) throw new errors.BadRequest('A password must not hold U+0000')
    return run('hash', { password: composed, cost })
  }

  /**
   * Takes the same time whatever the answer, also where there is nothing to compare with.
   * @param hash null where there is no such user or no password, which never matches
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

/** No password has this hash, but comparing with it takes as long as with any other of the same cost. */
export function hashOfNobody(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`
}
