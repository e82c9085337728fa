import type { StoredEvent } from '../../schemas/event.js'
import { DEFAULT_ROOM_ID } from '../../schemas/wire.js'
import type { Done, History } from './history.js'
import { acked, found, type Planted } from './planted.js'
import { ADMINISTRATOR, AUDIT } from './room.js'

/** An event, with the log that it is in. */
type Placed = { log: StoredEvent[]; event: StoredEvent }

const events = ({ logs }: History, has: (event: StoredEvent) => boolean): Placed[] =>
  [...logs.values()].flatMap(log => log.filter(has).map(event => ({ log, event })))

/** Puts an event after another one. */
function insert({ log, event }: Placed, planted: StoredEvent) {
  log.splice(event.seq, 0, planted)
  for (const [at, one] of log.entries()) log[at] = { ...one, seq: at + 1 }
}

/** An operation that succeeded, with the events of its room that `has` holds for. */
const withEvents = (history: History, name: string, has: (event: StoredEvent, one: Done) => boolean) =>
  found(
    acked(history, name)
      .map(one => ({ one, events: (history.logs.get(one.args.room_id) ?? []).filter(event => has(event, one)) }))
      .find(({ events }) => events.length > 0),
  )

/** Loses what a change of a guest's rights did. */
function loseRights(history: History, name: string, act: string) {
  const { one } = withEvents(history, name, event => event.data?.act === act)
  const log = found(history.logs.get(AUDIT))
  for (const [at, event] of log.entries()) {
    if (event.data?.act === act && event.member === one.args.member) log[at] = { ...event, member: 'nobody' }
  }
}

/** Faults of accounts, of administration and of retention. */
export const plantedInAdministration: Record<string, Planted> = {
  'a block of a user is lost': {
    promise: 'what succeeded took effect',
    plant: history => loseRights(history, 'block a user', 'user_blocked'),
  },
  'an appointment of an administrator is lost': {
    promise: 'what succeeded took effect',
    plant: history => loseRights(history, 'appoint an administrator', 'admin_appointed'),
  },
  'a dismissed administrator acts': {
    promise: 'the log holds only what was allowed',
    plant(history) {
      const dismissed = found(events(history, ({ data }) => data?.act === 'admin_dismissed')[0])
      const { member = '' } = dismissed.event
      insert(dismissed, { ...dismissed.event, username: member, member: ADMINISTRATOR, client_id: 'planted' })
    },
  },
  'an act of an administrator is not in the audit log': {
    promise: 'what administrators do is in the audit log',
    plant(history) {
      const { event } = found(events(history, ({ data }) => data?.act === 'announced')[0])
      event.client_id = 'another'
    },
  },
  'an account is not what the audit log says': {
    promise: 'accounts are what the audit log says',
    plant: ({ accounts }) => void accounts.push({ username: 'nobody', is_admin: false, blocked: true }),
  },
  'a room is taken over by a member': {
    promise: 'the log holds only what was allowed',
    plant(history) {
      const { event } = found(
        events(
          history,
          ({ type, data, member }) => type === 'room_changed' && !!data?.as_admin && member !== undefined,
        )[0],
      )
      event.username = 'stranger'
    },
  },
  'a takeover is lost': {
    promise: 'what succeeded took effect',
    plant(history) {
      const { one, events } = withEvents(history, 'take a room over', event => event.member === ADMINISTRATOR)
      for (const event of events) if (event.type === 'room_changed') event.member = found(one.args.member)
    },
  },
  'a room that was deleted by an administrator is there': {
    promise: 'what succeeded took effect',
    plant(history) {
      const { events } = withEvents(history, 'delete a room as administrator', ({ type }) => type === 'room_deleted')
      for (const event of events) Object.assign(event, { type: 'room_changed', username: '' })
    },
  },
  'a deleted account writes': {
    promise: 'the log holds only what was allowed',
    plant(history) {
      const left = found(events(history, ({ type, data }) => type === 'left' && !!data?.account_deleted)[0])
      const { data: _, member: __, ...rest } = left.event
      insert(left, { ...rest, type: 'message', text: 'still here', client_id: 'planted' })
    },
  },
  'a message of a deleted account is left': {
    promise: 'a deleted account is gone',
    plant(history) {
      const isErased = ({ type, data }: StoredEvent) => type === 'deleted' && data?.account_deleted === true
      const { event } = found(events(history, isErased).at(-1))
      Object.assign(event, { type: 'room_changed', username: '', data: undefined, target: undefined })
    },
  },
  'a deleted account is a member': {
    promise: 'a deleted account is gone',
    plant(history) {
      const gone = new Set(acked(history, 'delete an account').map(({ username }) => username))
      const isLeft = ({ type, data, username, room_id }: StoredEvent) =>
        type === 'left' && data?.account_deleted === true && room_id === DEFAULT_ROOM_ID && gone.has(username)
      const { event } = found(events(history, isLeft)[0])
      Object.assign(event, { type: 'room_changed', username: '', data: undefined, member: undefined })
    },
  },
  'the session of a blocked user is used': {
    promise: 'an ended session is refused',
    plant(history) {
      const wrote = found(acked(history, 'write as a guest')[0])
      history.ended.set(wrote.args.session as number, Number.NEGATIVE_INFINITY)
    },
  },
  'more messages are erased than a room is to lose': {
    promise: 'the log holds only what was allowed',
    plant(history) {
      const { event } = found(events(history, ({ type }) => type === 'emptied')[0])
      event.data = { upto: event.seq }
    },
  },
  'an erased message is shown': {
    promise: 'a reader sees what was acknowledged before',
    plant(history) {
      const { log, event } = found(events(history, ({ type }) => type === 'emptied')[0])
      const id = found(log.findLast(({ type, seq }) => type === 'message' && seq <= (event.data?.upto ?? 0))).seq
      // A page as of the end, since none may have been asked for after the event.
      const page = structuredClone(found(acked(history, 'history')[0]))
      Object.assign(page, { args: { room_id: event.room_id }, answer: { seq: log.length, messages: [] } })
      history.done.push(page)
      page.answer.messages?.unshift({ id, text: 'erased' })
    },
  },
}
