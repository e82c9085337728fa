import type { Figure } from './registry.js'

export interface Verdict {
  metric: string
  threshold: string
  value: number | undefined
  holds: boolean
}

const compare: Record<string, (value: number, bound: number) => boolean> = {
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
  '==': (value, bound) => value === bound,
  '!=': (value, bound) => value !== bound,
}

/**
 * Judges `options.thresholds`. A metric that nothing was added to does not hold: with nothing measured nothing is shown.
 * @throws Error, one sentence, on what k6 would understand and this does not
 */
export function judge(thresholds: Record<string, string[]>, figures: ReadonlyMap<string, Figure>): Verdict[] {
  return Object.entries(thresholds).flatMap(([metric, list]) =>
    list.map(threshold => {
      const [, name = '', operator = '', bound] =
        threshold.match(/^\s*([a-z]+(?:\([\d.]+\))?)\s*(<=|>=|==|!=|<|>)\s*(-?[\d.]+)\s*$/) ?? []
      const holds = compare[operator]
      const figure = figures.get(metric)
      const value = figure?.read(name)
      if (holds === undefined || (figure !== undefined && value === undefined)) {
        throw new Error(`The threshold ${metric}: ${threshold} is not understood here`)
      }
      return { metric, threshold, value, holds: value !== undefined && holds(value, Number(bound)) }
    }),
  )
}
