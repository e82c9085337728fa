import { Counter, Gauge, type Registry } from 'prom-client'
import type { Budgets } from '../budgets/index.js'

/** How much work of accounts and addresses waits, had to wait, and was refused. */
export function addBudgetFigures(registry: Registry, { figures }: Budgets) {
  const registers = [registry]
  const payers = Object.entries(figures)
  new Gauge({
    name: 'talkie_budget_waiting',
    help: 'Pieces of work that wait for their turn, by who pays: the account or the address',
    labelNames: ['payer'],
    registers,
    collect() {
      for (const [payer, { waiting }] of payers) this.set({ payer }, waiting)
    },
  })
  new Counter({
    name: 'talkie_budget_delayed_total',
    help: 'Pieces of work that had to wait because their payer was over its pace or out of budget',
    labelNames: ['payer'],
    registers,
    collect() {
      this.reset()
      for (const [payer, { delayed }] of payers) this.inc({ payer }, delayed)
    },
  })
  new Counter({
    name: 'talkie_budget_refused_total',
    help: 'Requests and connections of payers with nothing left, and work beyond what may wait (line), that were refused',
    labelNames: ['payer', 'kind'],
    registers,
    collect() {
      this.reset()
      for (const [payer, { refused }] of payers) {
        for (const [kind, number] of Object.entries(refused)) this.inc({ payer, kind }, number)
      }
    },
  })
}
