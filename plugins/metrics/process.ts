import { createHistogram } from 'node:perf_hooks'
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'

/** How often the delay of the event loop is looked at, ms. prom-client would every 10 ms: half of what an idle server does. */
const LAG_EVERY_MS = 100
/** The longest time that a timer may take. */
const NEVER_MS = 2 ** 31 - 1

/** Adds prom-client's metrics of the process, the event loop's delay as it was since the last scrape. @returns the timer to clear */
export function watchProcess(registry: Registry): NodeJS.Timeout {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER_MS })
  const lag = createHistogram()
  let due_at = performance.now() + LAG_EVERY_MS
  const timer = setInterval(() => {
    const now = performance.now()
    lag.record(Math.max(1, Math.round((now - due_at) * 1e6)))
    due_at = now + LAG_EVERY_MS
  }, LAG_EVERY_MS)
  timer.unref()
  const figures: [figure: string, help: string, ns: () => number][] = [
    ['min', 'The minimum recorded event loop delay', () => lag.min],
    ['max', 'The maximum recorded event loop delay', () => lag.max],
    ['mean', 'The mean of the recorded event loop delays', () => lag.mean],
    ['stddev', 'The standard deviation of the recorded event loop delays', () => lag.stddev],
    ['p50', 'The 50th percentile of the recorded event loop delays', () => lag.percentile(50)],
    ['p90', 'The 90th percentile of the recorded event loop delays', () => lag.percentile(90)],
    ['p99', 'The 99th percentile of the recorded event loop delays', () => lag.percentile(99)],
  ]
  for (const [figure, help, ns] of figures) {
    const name = `nodejs_eventloop_lag_${figure}_seconds`
    registry.removeSingleMetric(name)
    new Gauge({
      ...{ name, help, registers: [registry] },
      collect() {
        this.set(lag.count > 0 ? ns() / 1e9 : 0)
        // The last figure that is collected.
        if (figure === 'p99') lag.reset()
      },
    })
  }
  return timer
}
