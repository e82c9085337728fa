import { type Allowance, Budget, noFigures } from './budget.js'

/** Payers that are remembered at once; beyond, those that nobody holds share one budget. */
const PAYERS_MAX = 50_000
/** How often budgets that are full again are forgotten. */
const SWEEP_MS = 10_000

export type Budgets = ReturnType<typeof createBudgets>

/**
 * The budgets of all payers. Work for a client that has logged in is paid by its account, whatever its address, so that
 * many people behind one address do not pay for each other; all other work is paid by the address.
 */
export function createBudgets(accounts: Allowance, addresses: Allowance, now?: () => number) {
  const budgets = new Map<string, Budget>()
  const figures = { account: noFigures(), address: noFigures() }
  const overflow = new Budget(addresses, now, figures.address)

  function find(payer: keyof typeof figures, name: string): Budget {
    const key = `${payer} ${name}`
    const known = budgets.get(key)
    if (known) return known
    if (budgets.size >= PAYERS_MAX) return overflow
    const budget = new Budget(payer === 'account' ? accounts : addresses, now, figures[payer])
    budgets.set(key, budget)
    return budget
  }

  function sweep() {
    for (const [key, budget] of budgets) if (budget.holders === 0 && budget.full) budgets.delete(key)
  }
  const timer = setInterval(sweep, SWEEP_MS)
  timer.unref()

  return {
    /** @param username in any case */
    ofAccount: (username: string) => find('account', username.toLowerCase()),
    /** @param address of IPv6 its /64, as `limits.addressOf` gives it */
    ofAddress: (address: string) => find('address', address),
    figures,
    get size() {
      return budgets.size
    },
    sweep,
    close: () => clearInterval(timer),
  }
}
