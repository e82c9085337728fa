/** How often a random or fault test repeats: `full` times if CI is set, else `few`, so that `npm test` takes minutes. */
export const repeat = (full: number, few: number) => (process.env.CI ? full : few)

/** What a test goes through: all `cases` if CI is set, else `few` of them, evenly spread. */
export function sample<T>(cases: readonly T[], few: number): readonly T[] {
  if (process.env.CI) return cases
  return cases.filter((_, i) => Math.floor((i * few) / cases.length) !== Math.floor(((i - 1) * few) / cases.length))
}

/** Skips a long test of a benchmark or of a variant, unless CI is set. */
export const skipLong = process.env.CI ? false : 'long tests run only in .ci/run'
