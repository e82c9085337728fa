import { Gauge, Histogram, type Registry } from 'prom-client'
import type { Store } from '../store/index.js'

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
const STATES = ['open', 'in_use', 'waiting'] as const

/** How long the store takes, and with a database its connection pool. */
export function addStoreFigures(registry: Registry, store: Store) {
  const registers = [registry]
  const seconds = new Histogram({
    name: 'talkie_store_seconds',
    help: 'Commits of the embedded store, or commands of MongoDB by name, until they are answered',
    labelNames: ['operation', 'outcome'],
    buckets: SECONDS,
    registers,
  })
  // So that the series exist before the first commit.
  if (store.connections === null) {
    for (const outcome of ['succeeded', 'failed']) seconds.zero({ operation: 'commit', outcome })
  }
  store.observe({
    answered: (operation, ms, succeeded) =>
      seconds.observe({ operation, outcome: succeeded ? 'succeeded' : 'failed' }, ms / 1000),
  })
  new Gauge({
    name: 'talkie_store_connections',
    help: 'Connections to MongoDB that are open, those in use, and callers that wait for one; 0 with the embedded store',
    labelNames: ['state'],
    registers,
    collect() {
      for (const state of STATES) this.set({ state }, store.connections?.[state] ?? 0)
    },
  })
}
