import type { Outcome } from './run.js'

/** What a run did, and how it ended. */
export function count({ history, injected, violations }: Outcome): Record<string, number> {
  const figures: Record<string, number> = {}
  const add = (name: string, by = 1) => {
    figures[name] = (figures[name] ?? 0) + by
  }
  for (const { name, outcome } of history.done) {
    add('operations')
    add(`operations ${outcome}`)
    add(`${name}: ${outcome}`)
  }
  for (const [name, times] of Object.entries(injected)) add(`fault: ${name}`, times)
  for (const log of history.logs.values()) add('events', log.length)
  add('events received', history.arrivals.length)
  add('violations', violations.length)
  return Object.fromEntries(Object.entries(figures).sort(([a], [b]) => a.localeCompare(b)))
}
