/** A seeded source of random choices (mulberry32). */
export interface Random {
  /** From 0 up to, but not including, 1. */
  next(): number
  /** From 0 up to, but not including, `below`. */
  int(below: number): number
  /** @returns undefined if there are no items */
  pick<T>(items: Iterable<T>): T | undefined
  /** Picks by weight. @param items at least one, of a weight over 0 */
  weighted<T extends { weight: number }>(items: readonly T[]): T
  /** Another source, independent of how much is taken from this one. */
  fork(of: number): Random
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const random: Random = {
    next() {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
    },
    int: below => Math.floor(random.next() * below),
    pick(items) {
      const all = [...items]
      return all[random.int(all.length)]
    },
    weighted(items) {
      let left = random.next() * items.reduce((sum, { weight }) => sum + weight, 0)
      const found = items.find(({ weight }) => {
        left -= weight
        return left < 0
      })
      return found ?? (items.at(-1) as (typeof items)[number])
    },
    fork: of => createRandom(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(of + 1, 0x85ebca6b)),
  }
  return random
}
