/** What was found of one subject. */
export interface Finding {
  /** One word. */
  subject: string
  /** A note works as it is; a fault does not, or will not for long. */
  state: 'good' | 'note' | 'fault'
  says: string
  /** What to do about it. */
  mend?: string
}

/** What a check has of the machine and cannot be set by the environment. */
export interface Machine {
  node_version: string
  /** ms since 1970. */
  now(): number
  /** ms since whenever, never stepping. */
  monotonic(): number
  /** Bytes that may still be written where the path is. */
  free_bytes(path: string): Promise<number>
  /** Files and sockets that a process may hold open. */
  open_files(): number
}

export const good = (subject: string, says: string): Finding => ({ subject, state: 'good', says })
export const note = (subject: string, says: string, mend: string): Finding => ({ subject, state: 'note', says, mend })
export const fault = (subject: string, says: string, mend: string): Finding => ({ subject, state: 'fault', says, mend })

/** The first line of what went wrong. */
export const reason = (error: unknown) => (error as Error).message.split('\n', 1)[0] as string
