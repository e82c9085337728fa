import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'tap'
import { Budget, free } from '../../../plugins/budgets/index.js'

/** A budget of 100 ms a second with 3 s of server time saved, on a clock that the test moves. */
function budgetAt(at: { now: number }) {
  return new Budget({ ms_per_second: 100, reserve_ms: 3000 }, () => at.now)
}

test('work within the pace is never delayed', async t => {
  const at = { now: 0 }
  const budget = budgetAt(at)
  let delays = 0
  for (; at.now < 60_000; at.now += 10) if (budget.turn(900) !== null) delays++
  t.equal(delays, 0)
})

test('a burst is spread to a quarter of a core', async t => {
  const at = { now: 0 }
  const budget = budgetAt(at)
  let work_ms = 0
  while (at.now < 4000) {
    budget.charge(1000)
    work_ms++
    at.now += Math.max(budget.wait_ms(), 1)
  }
  t.ok(work_ms > 900 && work_ms < 1100, `${work_ms} ms of work in 4 s`)
  t.notOk(budget.exhausted)
})

test('over time no payer gets more than its allowance', async t => {
  const at = { now: 0 }
  const budget = budgetAt(at)
  let work_ms = 0
  while (at.now < 300_000) {
    budget.charge(1000)
    at.now += Math.max(budget.wait_ms(), 1)
    work_ms++
  }
  t.ok(work_ms < 300 * 100 + 3000 + 20, `${work_ms} ms of work in 300 s`)
  t.ok(budget.abused)
})

test('a payer that stays out of budget is abusive, one that recovers is not', async t => {
  const at = { now: 0 }
  const budget = budgetAt(at)
  budget.charge(3_100_000)
  t.ok(budget.exhausted)
  t.notOk(budget.abused, 'not at once')
  at.now += 16_000
  budget.charge(0)
  t.notOk(budget.exhausted)
  at.now += 10_000
  budget.charge(0)
  t.notOk(budget.abused)
  at.now += 60_000
  t.ok(budget.full)
})

test('an allowance of 0 limits nothing', async t => {
  const budget = new Budget({ ms_per_second: 0, reserve_ms: 0 })
  t.equal(budget.turn(1e9), null)
  t.equal(budget.turn(1e9), null)
  t.notOk(budget.exhausted)
  t.notOk(budget.abused)
})

/** Keeps the event loop busy. */
function work(ms: number) {
  for (const until = performance.now() + ms; performance.now() < until; );
}

test('work beyond the burst waits, in the order of the calls, and is paid when it begins', async t => {
  const at = { now: 0 }
  const budget = budgetAt(at)
  t.equal(budget.turn(5000), null, 'the first begins at once')
  const begun: number[] = []
  const turns = [1, 2, 3].map(i => budget.turn(1000)?.then(() => begun.push(i)))
  t.notOk(turns.includes(undefined))
  await sleep(20)
  t.strictSame(begun, [])
  t.equal(budget.waiting, 3)
  at.now += 4
  while (begun.length < 1) await sleep(1)
  await sleep(20)
  t.strictSame(begun, [1], 'whose price is taken, so the next one waits on')
  at.now += 8
  while (begun.length < 3) await sleep(1)
  t.strictSame(begun, [1, 2, 3])
})

test('a payer whose work costs more than was known before waits longer', async t => {
  const at = { now: 0 }
  const budget = budgetAt(at)
  budget.charge(5000)
  let begun = false
  void budget.turn(0)?.then(() => {
    begun = true
  })
  budget.charge(10_000)
  at.now += 4
  await sleep(20)
  t.notOk(begun)
  at.now += 40
  while (!begun) await sleep(1)
  t.pass()
})

test('work that becomes due together is spread over turns, and no payer is served twice before all were once', async t => {
  const payers = [1, 2, 3, 4, 5].map(() => new Budget({ ms_per_second: 0, reserve_ms: 0 }))
  const begun: number[] = []
  const per_turn: number[] = [0]
  let counting = true
  function count() {
    per_turn.push(0)
    if (counting) setImmediate(count)
  }
  count()
  const works = payers.flatMap((payer, i) =>
    Array.from({ length: 10 }, async () => {
      await payer.inLine(0)
      begun.push(i)
      per_turn[per_turn.length - 1] = (per_turn.at(-1) as number) + 1
      // What follows in microtasks belongs to the same piece of work.
      await null
      work(2)
    }),
  )
  await Promise.all(works)
  counting = false
  t.ok(Math.max(...per_turn) <= 3, `${Math.max(...per_turn)} pieces of 2 ms in one turn`)
  for (let round = 0; round < 10; round++) t.equal(new Set(begun.slice(round * 5, round * 5 + 5)).size, 5)
})

test('beyond 2,000 waiting pieces of work a payer is refused', async t => {
  const budget = budgetAt({ now: 0 })
  budget.charge(1_000_000)
  for (let i = 0; i < 2000; i++) void budget.turn(1)
  await t.rejects(budget.turn(1) ?? Promise.resolve(), { code: 'RATE_LIMITED' })
})

test('work that is nobody’s begins at once', async t => {
  t.equal(free.turn(1e9), null)
  await free.inLine(1e9)
  t.notOk(free.exhausted)
})
