import type { Done, History } from './history.js'
import type { Promised } from './promises.js'

/** A fault that is put into a true history, and the promise that it breaks. */
export interface Planted {
  promise: Promised
  /** @throws if the history has nothing to plant it into */
  plant(history: History): void
}

export const acked = ({ done }: History, name: string): Done[] =>
  done.filter(one => one.name === name && one.outcome === 'ok')
export const found = <T>(one: T | undefined): T => {
  if (one === undefined) throw new Error('The history has nothing to plant this into')
  return one
}
