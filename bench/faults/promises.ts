/** What was promised and not kept. */
export interface Violation {
  promise: Promised
  what: string
}
export type Promised =
  | 'a log has no gap'
  | 'the log holds only what was allowed'
  | 'what was acknowledged is there once'
  | 'what was refused is not there'
  | 'nothing is there that was not sent'
  | 'acknowledged requests keep their order in time'
  | 'what succeeded took effect'
  | 'what was refused could not be done'
  | 'a reader sees what was acknowledged before'
  | 'search finds what is there and nothing else'
  | 'subscribers get every event once and in order'
  | 'clients show what the log says'
  | 'a former member gets nothing'
  | 'an ended session is refused'
  | 'unread counts and marks are right'
  | 'mentions are counted right'
  | 'members are what the log says'
  | 'what administrators do is in the audit log'
  | 'accounts are what the audit log says'
  | 'a deleted account is gone'
  | 'the run itself'

export type Complain = (promise: Promised, what: string) => void
