/** The metrics of one run, shared by all VUs as in k6. */

export type Kind = 'counter' | 'gauge' | 'rate' | 'trend'

/** Maximum values of a trend. More would need sampling, so the run fails instead. */
const VALUES_MAX = 20_000_000

export class Figure {
  #sum = 0
  #count = 0
  #last = 0
  #values: number[] = []
  #isSorted = true

  constructor(readonly kind: Kind) {}

  add(value: number | boolean) {
    const number = Number(value)
    this.#count++
    this.#last = number
    this.#sum += this.kind === 'rate' ? Math.sign(Math.abs(number)) : number
    if (this.kind !== 'trend') return
    if (this.#values.length === VALUES_MAX) throw new Error(`A trend can hold at most ${VALUES_MAX} values`)
    this.#values.push(number)
    this.#isSorted = false
  }

  /** The value that a threshold compares, `undefined` if this kind of metric has no such value. */
  read(name: string): number | undefined {
    const percentile = name.match(/^p\((\d+(?:\.\d+)?)\)$/)?.[1]
    if (this.kind === 'trend') {
      if (percentile !== undefined) return this.#quantile(Number(percentile) / 100)
      const quantiles: Record<string, number> = { min: 0, med: 0.5, max: 1 }
      const quantile = quantiles[name]
      if (quantile !== undefined) return this.#quantile(quantile)
      if (name === 'avg') return this.#count === 0 ? 0 : this.#sum / this.#count
      return name === 'count' ? this.#count : undefined
    }
    if (this.kind === 'counter' && name === 'count') return this.#sum
    if (this.kind === 'gauge' && name === 'value') return this.#last
    if (this.kind === 'rate' && name === 'rate') return this.#count === 0 ? 0 : this.#sum / this.#count
    return undefined
  }

  /** One line for people. */
  get summary(): string {
    const names = { counter: ['count'], gauge: ['value'], rate: ['rate'], trend: ['med', 'p(95)', 'p(99)', 'max'] }
    return names[this.kind].map(name => `${name}=${Math.round((this.read(name) as number) * 1000) / 1000}`).join(' ')
  }

  #quantile(q: number): number {
    if (!this.#isSorted) this.#values.sort((a, b) => a - b)
    this.#isSorted = true
    // Interpolates linearly between two neighbours, like k6.
    const at = q * (this.#values.length - 1)
    const [below = 0, above = below] = [this.#values[Math.floor(at)], this.#values[Math.ceil(at)]]
    return below + (above - below) * (at - Math.floor(at))
  }
}

const figures = new Map<string, Figure>()

/** The metric of this name, created if it does not exist. @throws if it is of another kind */
export function figureOf(name: string, kind: Kind): Figure {
  const known = figures.get(name) ?? new Figure(kind)
  if (known.kind !== kind) throw new Error(`The metric ${name} is a ${known.kind}, not a ${kind}`)
  figures.set(name, known)
  return known
}

export const allFigures: ReadonlyMap<string, Figure> = figures
