import { figureOf } from '../registry.js'

const checks = figureOf('checks', 'rate')

/** @returns whether all checks passed */
export function check<T>(value: T, sets: Record<string, (value: T) => boolean>): boolean {
  let all = true
  for (const [name, holds] of Object.entries(sets)) {
    const held = Boolean(holds(value))
    checks.add(held)
    if (!held) console.error(`check failed: ${name}`)
    all &&= held
  }
  return all
}
