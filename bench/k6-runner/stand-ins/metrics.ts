import { type Figure, figureOf, type Kind } from '../registry.js'

class Metric {
  readonly #figure: Figure

  constructor(
    kind: Kind,
    readonly name: string,
  ) {
    this.#figure = figureOf(name, kind)
  }

  add(value: number | boolean) {
    this.#figure.add(value)
  }
}

export class Counter extends Metric {
  constructor(name: string) {
    super('counter', name)
  }
}
export class Gauge extends Metric {
  constructor(name: string) {
    super('gauge', name)
  }
}
export class Rate extends Metric {
  constructor(name: string) {
    super('rate', name)
  }
}
export class Trend extends Metric {
  constructor(name: string) {
    super('trend', name)
  }
}
