import { type Finding, fault, good, type Machine } from './finding.js'

/** Tokens and leases bear more, logs do not. */
const DRIFT_MAX_MS = 1000

/** Asks another machine what time it is, and compares. @param ask its ms since 1970 */
export async function checkDrift(subject: string, { now }: Machine, ask: () => Promise<number>): Promise<Finding> {
  const asked = now()
  const theirs = await ask()
  const answered = now()
  // It told the time at some moment between the two.
  const drift_ms = theirs < asked ? asked - theirs : Math.max(0, theirs - answered)
  if (drift_ms <= DRIFT_MAX_MS) return good(subject, 'its clock agrees with ours')
  const seconds = Math.round(drift_ms / 1000)
  return fault(subject, `its clock differs from ours by ${seconds} s`, 'Have the clocks of both machines kept by NTP')
}
