import { test } from 'tap'
import { Budget } from '../../../plugins/budgets/index.js'

/** A budget of 100 ms a second with 3 s of server time saved, on a clock that the test moves. */
function budgetAt(at: { now: number }) {
  return new Budget({ ms_per_second: 100, reserve_ms: 3000 }, () => at.now)
}

test('work within the pace is never delayed', async t => {
  const at = { now: 0 }
  const budget = budgetAt(at)
  let delays = 0
  for (; at.now < 60_000; at.now += 10) if (budget.charge(900) > 0) delays++
  t.equal(delays, 0)
})

test('a burst is spread to a quarter of a core', async t => {
  const at = { now: 0 }
  const budget = budgetAt(at)
  let work_ms = 0
  while (at.now < 4000) {
    const wait = budget.charge(1000)
    work_ms++
    at.now += Math.max(wait, 1)
  }
  t.ok(work_ms > 900 && work_ms < 1100, `${work_ms} ms of work in 4 s`)
  t.notOk(budget.exhausted)
})

test('over time no payer gets more than its allowance', async t => {
  const at = { now: 0 }
  const budget = budgetAt(at)
  let work_ms = 0
  while (at.now < 300_000) {
    at.now += Math.max(budget.charge(1000), 1)
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
  t.equal(budget.charge(1e9), 0)
  t.notOk(budget.exhausted)
  t.notOk(budget.abused)
})
