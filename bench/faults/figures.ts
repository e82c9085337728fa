import type { Violation } from './promises.js'
import type { Outcome } from './run.js'

const EXAMPLES = 2

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

/** A line for each promise that was broken: how often, and the first examples. */
export function linesOf(violations: Violation[]): string[] {
  const byPromise = new Map<string, string[]>()
  for (const { promise, what } of violations) byPromise.set(promise, [...(byPromise.get(promise) ?? []), what])
  return [...byPromise].map(
    ([promise, whats]) => `${promise}: broken ${whats.length} times, by ${whats.slice(0, EXAMPLES).join(' and by ')}`,
  )
}
