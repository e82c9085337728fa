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
 * Evaluates `options.thresholds`. A threshold on a metric without measurements fails.
 * @throws Error, one sentence, if k6 supports the threshold but this runner does not
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
        throw new Error(`The threshold ${metric}: ${threshold} is not supported by this runner`)
      }
      return { metric, threshold, value, holds: value !== undefined && holds(value, Number(bound)) }
    }),
  )
}
