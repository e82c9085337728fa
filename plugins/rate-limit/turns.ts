interface Line {
  running: number
  /** Each begins the work that waited. */
  waiting: (() => void)[]
}

interface Bounds {
  /** Pieces of work of one key that run at a time. */
  running_max: number
  /** More of them that wait. */
  waiting_max: number
  /** @returns the error for work beyond that */
  refusal: () => Error
}

/** Lets a few pieces of work of each key run at a time and others wait, in the order of the calls. */
export function createTurns({ running_max, waiting_max, refusal }: Bounds) {
  /** Of the keys that have work under way. */
  const lines = new Map<string, Line>()

  /** @throws `refusal()` if too many wait; what `work` throws */
  return async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const line = lines.get(key) ?? { running: 0, waiting: [] }
    lines.set(key, line)
    if (line.running < running_max) line.running++
    else if (line.waiting.length >= waiting_max) throw refusal()
    else await new Promise<void>(resolve => line.waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = line.waiting.shift()
      if (next) next()
      else if (--line.running === 0) lines.delete(key)
    }
  }
}
