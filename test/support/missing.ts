import { execFileSync } from 'node:child_process'

/**
 * For tap's `skip`: false if `program` was found, else why the test cannot run.
 * @throws if CI is set, where nothing may be skipped
 */
export function missing(isFound: boolean, program: string): string | false {
  if (isFound) return false
  // `test/run.ts` reads this.
  const reason = `${program} not found`
  if (process.env.CI) throw new Error(`${reason}, and with CI set nothing may be skipped: .ci/run installs it`)
  return reason
}

/** @param args arguments with which the program prints its version or the like and exits */
export function programMissing(program: string, ...args: string[]): string | false {
  return missing(runs(program, ...args), program)
}

/** Whether a program is installed and runs. */
export function runs(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
