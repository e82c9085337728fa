/** How often a random or fault test repeats: `full` times if CI is set, else `few`, so that `npm test` takes minutes. */
export const repeat = (full: number, few: number) => (process.env.CI ? full : few)

/** Skips a long test of a benchmark or of a variant, unless CI is set. */
export const skipLong = process.env.CI ? false : 'long tests run only in .ci/run'
