import { test } from 'tap'
import { createBudgets } from '../../../plugins/budgets/budgets.js'

const allowance = { ms_per_second: 100, reserve_ms: 3000 }

test('one account has one budget, whatever its case, and shares it with no address', async t => {
  const budgets = createBudgets(allowance, allowance)
  t.teardown(budgets.close)
  t.equal(budgets.ofAccount('Minji'), budgets.ofAccount('minji'))
  t.not(budgets.ofAccount('minji'), budgets.ofAddress('minji'))
})

test('a budget is forgotten when it is full again and nobody holds it', async t => {
  const at = { now: 0 }
  const budgets = createBudgets(allowance, allowance, () => at.now)
  t.teardown(budgets.close)
  budgets.ofAddress('192.0.2.1').charge(1000)
  budgets.ofAddress('192.0.2.2').holders++
  budgets.sweep()
  t.equal(budgets.size, 2)
  at.now = 1000
  budgets.sweep()
  t.equal(budgets.size, 1)
})

test('beyond 50,000 payers the others share one budget', async t => {
  const budgets = createBudgets(allowance, allowance)
  t.teardown(budgets.close)
  for (let i = 0; i < 50_000; i++) budgets.ofAddress(`192.0.2.${i}`)
  t.equal(budgets.ofAddress('198.51.100.1'), budgets.ofAddress('198.51.100.2'))
  t.equal(budgets.size, 50_000)
})
