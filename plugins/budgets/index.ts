import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Budgets, createBudgets } from './budgets.js'

export { Budget, free } from './budget.js'
export type { Budgets } from './budgets.js'
export { isNestedTooDeeply } from './nesting.js'
export { type Price, prices } from './prices.js'

declare module 'fastify' {
  interface FastifyInstance {
    budgets: Budgets
  }
}

/** A page with 50 rooms in three tabs resumes within this many seconds' worth of its budget. */
const RESERVE_S = 30

/** What everything costs, and who pays for it (docs/reliability.md, "Fair under abuse"). Knows no request. */
async function budgets(fastify: FastifyInstance) {
  const { BUDGET_ACCOUNT_MS, BUDGET_ADDRESS_MS } = fastify.config
  const allowance = (ms_per_second: number) => ({ ms_per_second, reserve_ms: ms_per_second * RESERVE_S })
  const capability = createBudgets(allowance(BUDGET_ACCOUNT_MS), allowance(BUDGET_ADDRESS_MS))
  fastify.decorate('budgets', capability)
  fastify.addHook('onClose', async () => capability.close())
}

export default fp(budgets, { name: 'budgets', dependencies: ['config'] })
