/** Accounts remembered; of more, the one silent for the longest starts anew. */
const ACCOUNTS_MAX = 10_000

/**
 * A token bucket per account: `rate` a second, twice that at once.
 * @param rate 0 for no limit
 * @param now a clock in ms that never steps back
 * @returns takes one for an account: 0 where it may, else after how many ms to try again
 */
export function createSendLimit(rate: number, now = () => performance.now()) {
  /** When each account's bucket will be full again; those used last at the end. */
  const full = new Map<string, number>()
  const each_ms = 1000 / rate
  const burst_ms = 2 * rate * each_ms

  return (account: string): number => {
    if (rate === 0) return 0
    const at = now()
    const next = Math.max(full.get(account) ?? 0, at) + each_ms
    if (next - at > burst_ms) return Math.ceil(next - at - burst_ms)
    full.delete(account)
    full.set(account, next)
    if (full.size > ACCOUNTS_MAX) full.delete(full.keys().next().value as string)
    return 0
  }
}
