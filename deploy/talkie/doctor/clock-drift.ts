import { type Finding, fail, type Machine, ok } from './finding.js'

/** Tokens and leases tolerate more; comparing log lines of two machines does not. */
const DRIFT_MAX_MS = 1000

/** Compares the clock of another machine with ours. @param ask returns its ms since 1970 */
export async function checkDrift(subject: string, { now }: Machine, ask: () => Promise<number>): Promise<Finding> {
  const asked = now()
  const theirs = await ask()
  const answered = now()
  // It read its clock at some moment between these two.
  const drift_ms = theirs < asked ? asked - theirs : Math.max(0, theirs - answered)
  if (drift_ms <= DRIFT_MAX_MS) return ok(subject, 'its clock agrees with this machine')
  const seconds = Math.round(drift_ms / 1000)
  return fail(
    subject,
    `its clock differs from this machine by ${seconds} s`,
    'Synchronize the clocks of both machines by NTP',
  )
}
