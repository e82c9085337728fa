import { constants } from 'node:os'

/** Ends the process by `exit`, whose handlers kill the servers that it started; they do not run when a signal ends it. */
export function exitOnSignals() {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]))
  }
}
