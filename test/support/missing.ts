import { execFileSync } from 'node:child_process'

/**
 * Why a test cannot run here, false where it can: for tap's `skip`.
 * @throws where CI is set, for there nothing may be skipped
 */
export function missing(isThere: boolean, reason: string): string | false {
  if (isThere) return false
  if (process.env.CI) throw new Error(`${reason}, and in CI nothing may be skipped`)
  return reason
}

/** @param args with which the program only says that it is there */
export function programMissing(program: string, ...args: string[]): string | false {
  return missing(runs(program, ...args), `${program} is not installed`)
}

/** Whether a program is there and runs. */
export function runs(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
