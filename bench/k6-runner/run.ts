import { register } from 'node:module'
import { pathToFileURL } from 'node:url'
import { allFigures, figureOf } from './registry.js'
import { judge, type Verdict } from './thresholds.js'

/** The supported executors. */
type Scenario =
  | { executor: 'per-vu-iterations'; vus: number; iterations: number; maxDuration?: string }
  | { executor: 'constant-vus'; vus: number; duration: string; gracefulStop?: string }

interface Script {
  options: { scenarios: Record<string, Scenario>; thresholds?: Record<string, string[]> }
  setup?: () => unknown
  teardown?: (data: unknown) => unknown
  default: (data: unknown) => unknown
}

const UNITS_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
/** Maximum number of VUs in a run. */
const VUS_MAX = 5000

/** Parses a k6 duration: 30s, 1m30s. @throws Error, one sentence */
export function milliseconds(duration: string): number {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(duration)) throw new Error(`${JSON.stringify(duration)} is not a duration`)
  return [...duration.matchAll(/([\d.]+)(ms|s|m|h)/g)].reduce(
    (sum, [, number, unit]) => sum + Number(number) * (UNITS_MS[unit as string] as number),
    0,
  )
}

/**
 * Runs a k6 script in this process. All VUs share one event loop, so latencies are less accurate than k6's. Call it once
 * per process, because the metrics are global.
 *
 * @param env the script's `__ENV` @returns the verdict on each threshold
 */
export async function runScript(file: string, env: Record<string, string>): Promise<Verdict[]> {
  register('./resolve.js', import.meta.url)
  Object.assign(globalThis, { __ENV: env })
  /** VU 0 reads the options, runs setup and teardown. */
  const load = async (vu: number) => (await import(`${pathToFileURL(file).href}?vu=${vu}`)) as Script
  const { options, setup, teardown } = await load(0)
  const scenarios = Object.values(options.scenarios)
  const [scenario] = scenarios
  if (scenario === undefined || scenarios.length > 1)
    throw new Error('This runner supports exactly one scenario per script')
  if (!(scenario.vus >= 1 && scenario.vus <= VUS_MAX)) throw new Error(`A scenario needs 1 to ${VUS_MAX} VUs`)
  const mayGoOn = turns(scenario)
  const vus = await Promise.all(Array.from({ length: scenario.vus }, (_, at) => load(at + 1)))

  const data = JSON.stringify((await setup?.()) ?? null)
  const iterations = figureOf('iterations', 'counter')
  const started = performance.now()
  console.log(`${vus.length} VUs started`)
  await Promise.all(
    vus.map(async ({ default: talk }) => {
      for (let turn = 0; mayGoOn(turn, performance.now() - started); turn++) {
        try {
          await talk(JSON.parse(data))
        } catch (error) {
          console.error(String(error))
        }
        iterations.add(1)
      }
    }),
  )
  await teardown?.(JSON.parse(data))
  return judge(options.thresholds ?? {}, allFigures)
}

/** @returns whether a VU runs another iteration, given its iterations so far and the time since the start */
function turns(scenario: Scenario): (turn: number, elapsed_ms: number) => boolean {
  switch (scenario.executor) {
    case 'per-vu-iterations': {
      const end_ms = milliseconds(scenario.maxDuration ?? '10m')
      return (turn, elapsed_ms) => turn < scenario.iterations && elapsed_ms < end_ms
    }
    case 'constant-vus': {
      const end_ms = milliseconds(scenario.duration)
      return (_turn, elapsed_ms) => elapsed_ms < end_ms
    }
    default:
      throw new Error(`The executor ${(scenario as { executor: string }).executor} is not supported by this runner`)
  }
}
