import { DEFAULT_ROOM_ID } from '../../schemas/wire.js'
import type { History } from './history.js'
import type { Promised, Violation } from './promises.js'
import { AUDIT, type Room } from './room.js'

/** Compares what became of accounts with what was asked for, when everything was at rest. */
export function checkAccounts(
  { done, accounts, logs }: History,
  rooms: Map<string, { room: Room }>,
  violations: Violation[],
) {
  const complain = (promise: Promised, what: string) => violations.push({ promise, what })
  const audit = rooms.get(AUDIT)?.room
  const entered = new Set(logs.get(AUDIT)?.map(({ username, client_id }) => `${username} ${client_id}`))
  for (const { name, username, args, outcome } of done) {
    if (outcome !== 'ok') continue
    if (name === 'announce' && !entered.has(`${username} ${args.client_id}`))
      complain('what administrators do is in the audit log', `an announcement of ${username} (${args.client_id})`)
    if (!name.startsWith('delete an account')) continue
    for (const [room_id, { room }] of rooms) {
      const left = [...room.messages].filter(([, { author, text }]) => author === username && text.last !== null)
      const what = `${room_id}: ${username}`
      if (name === 'delete an account' && left.length > 0 && !room.deleted.last)
        complain('a deleted account is gone', `${what} still says ${left.map(([id]) => id)}`)
      if (room_id === DEFAULT_ROOM_ID && room.isMember(username))
        complain('a deleted account is gone', `${what} is a member`)
      if (room.owner.last === username && !room.deleted.last) complain('a deleted account is gone', `${what} owns it`)
    }
  }
  const mayBeGone = new Set(
    done
      .filter(({ name, outcome }) => name.startsWith('delete an account') && outcome !== 'refused')
      .map(({ username }) => username),
  )
  for (const { type, username, seq, room_id, data } of [...logs.values()].flat()) {
    if (data?.account_deleted && !mayBeGone.has(username))
      complain('nothing is there that was not sent', `${room_id}: ${type} ${seq} of ${username}`)
  }
  const isUnsure = (username: string) =>
    done.some(({ args, outcome }) => args.room_id === AUDIT && args.member === username && outcome === 'unknown')
  for (const { username, is_admin, blocked } of accounts) {
    const rights = audit?.rightsOf(username).last
    // If an act is entered and not answered, the next start or the next act carries it out.
    if (!rights || isUnsure(username) || (rights.is_admin === is_admin && rights.blocked === blocked)) continue
    const told = JSON.stringify({ is_admin, blocked })
    complain('accounts are what the audit log says', `${username} is ${told}, not ${JSON.stringify(rights)}`)
  }
}
