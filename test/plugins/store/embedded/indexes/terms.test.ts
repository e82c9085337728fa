import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { type Search, searchDown } from '../../../../../plugins/store/embedded/indexes/terms.js'

/** Searches a list of seqs as the store searches its index. */
const inList = (hits: number[]) => async (search: Search, above: number) =>
  hits
    .filter(seq => seq > above && seq < search.before)
    .sort((a, b) => b - a)
    .slice(0, search.limit)

test('continued searches find every message once, newest first, however the log is sliced', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 1, max: 3_000_000 }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 3_000_001 }),
      async (hits, limit, start) => {
        const found: number[] = []
        let before: number | null = start
        while (before !== null) {
          const search: Search = { room_id: 'r', terms: ['x'], before, limit }
          const result = await searchDown(inList(hits), search, 3_000_000)
          found.push(...result.seqs)
          assert(result.seqs.length <= limit && (result.next_before ?? 0) < before, 'it goes on')
          before = result.next_before
        }
        assert.deepEqual(
          found,
          hits.filter(seq => seq < start).sort((a, b) => b - a),
        )
      },
    ),
    { numRuns: 50 },
  )
})

test('no message is skipped at the border of two slices', async t => {
  const all = Array.from({ length: 150_000 }, (_, i) => 150_000 - i)
  const slices: number[] = []
  const dense = async ({ before }: Search, above: number) => {
    slices.push(above)
    return Array.from({ length: before - 1 - above }, (_, i) => before - 1 - i)
  }
  let found: number[] = []
  // A search ends early if the machine is slow.
  for (let before: number | null = Number.MAX_SAFE_INTEGER; before !== null; ) {
    const search: Search = { room_id: 'r', terms: ['x'], before, limit: 1_000_000 }
    const { seqs, next_before } = await searchDown(dense, search, 150_000)
    found = found.concat(seqs)
    before = next_before
  }
  t.strictSame(found, all)
  t.ok(slices.length > 1)
})

test('a slow search ends early and returns the position to continue from', async t => {
  let calls = 0
  const slow = async () => {
    calls++
    for (const until = performance.now() + 4; performance.now() < until; );
    return []
  }
  const result = await searchDown(slow, { room_id: 'r', terms: ['x'], before: 10_000_001, limit: 5 }, 10_000_000)
  t.strictSame(result.seqs, [])
  t.ok(result.next_before !== null && result.next_before > 9_000_000)
  t.ok(calls <= 30)
})
