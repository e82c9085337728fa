/** How often a random or fault test repeats: `full` times if CI is set, else `few`, so that `npm test` takes minutes. */
export const repeat = (full: number, few: number) => (process.env.CI ? full : few)
