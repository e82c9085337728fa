import type { Done } from './history.js'

/** Operations that begin and end a membership, of `member` or of the requesting user. */
const joins: ReadonlySet<string> = new Set(['join', 'join by invitation', 'add'])
const ends: ReadonlySet<string> = new Set(['leave', 'remove', 'ban', 'ban as anyone'])

/** When an event may have been appended at the earliest, and what was known of the log at any time. */
export class Times {
  /** By seq: no event from here on was appended before. */
  readonly #earliest: number[] = [0]
  readonly #acked: { at: number; seq: number }[] = []
  readonly #asked: { at: number; seq: number }[] = []

  constructor(
    private readonly head: number,
    done: (Done & { seq: number })[],
    asked_at: Map<number, number>,
  ) {
    for (let seq = 1; seq <= head; seq++) {
      this.#earliest.push(Math.max(this.#earliest[seq - 1] as number, asked_at.get(seq) ?? 0))
    }
    const acked = done.filter(({ outcome }) => outcome === 'ok').sort((a, b) => a.answered_at - b.answered_at)
    let most = 0
    for (const { answered_at, seq } of acked) {
      most = Math.max(most, seq)
      this.#acked.push({ at: answered_at, seq: most })
    }
    let least = head + 1
    const asked = [...asked_at].map(([seq, at]) => ({ seq, at })).sort((a, b) => b.at - a.at)
    for (const { at, seq } of asked) {
      least = Math.min(least, seq)
      this.#asked.push({ at, seq: least })
    }
    this.#asked.reverse()
  }

  earliest = (seq: number) => this.#earliest[seq] ?? 0
  /** The highest seq that was acknowledged before a time. */
  ackedBefore = (time: number) => this.#acked.findLast(({ at }) => at < time)?.seq ?? 0
  /** The highest seq that may have been there at a time. */
  possibleAt = (time: number) => (this.#asked.find(({ at }) => at > time)?.seq ?? this.head + 1) - 1
}

/**
 * The last request that made a user a member for certain: none that may end the membership was under way since.
 * @param done of one room
 * @param during another request: it was asked after the join was acknowledged, and nothing before its answer ended it
 */
export function joinOf(username: string, done: Done[], during?: Done): Done | undefined {
  const { asked_at, answered_at } = during ?? {
    asked_at: Number.POSITIVE_INFINITY,
    answered_at: Number.POSITIVE_INFINITY,
  }
  const of = (one: Done) => one.args.member ?? one.username
  const joined = done.findLast(
    one => joins.has(one.name) && of(one) === username && one.outcome === 'ok' && one.answered_at < asked_at,
  )
  const mayEnd = (one: Done) =>
    ends.has(one.name) && of(one) === username && one.outcome !== 'refused' && one.asked_at < answered_at
  const isOver = joined && done.some(one => mayEnd(one) && one.answered_at > joined.asked_at)
  return isOver ? undefined : joined
}
