import { explain } from '../../../plugins/config/reason.js'

/** The result of one check. */
export interface Finding {
  /** One word. */
  subject: string
  /** `warn`: works, but should be improved. `fail`: does not work, or will stop working soon. */
  state: 'ok' | 'warn' | 'fail'
  message: string
  /** What the operator should do. */
  fix?: string
}

/** Facts about the machine that no environment variable sets; tests replace them. */
export interface Machine {
  node_version: string
  /** ms since 1970. */
  now(): number
  /** ms since an arbitrary moment; never jumps. */
  monotonic(): number
  /** Free bytes on the disk of the path. */
  free_bytes(path: string): Promise<number>
  /** How many files and sockets a process can have open. */
  open_files(): number
}

export const ok = (subject: string, message: string): Finding => ({ subject, state: 'ok', message })
export const warn = (subject: string, message: string, fix: string): Finding => ({
  subject,
  state: 'warn',
  message,
  fix,
})
export const fail = (subject: string, message: string, fix: string): Finding => ({
  subject,
  state: 'fail',
  message,
  fix,
})

/** Why it failed, in one line. */
export const reason = explain

/** @param reserved names of accounts that mean everybody in a mention */
export function checkNames(reserved: string[]): Finding[] {
  if (reserved.length === 0) return []
  const message = `nobody can mention ${reserved.join(', ')}, because the name stands for everybody in mentions`
  return [warn('users', message, 'Tell the user, who can only get another name with a new account')]
}
