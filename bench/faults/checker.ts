import type { StoredEvent } from '../../schemas/event.js'
import { checkAccounts } from './accounts.js'
import type { Done, History, Stream } from './history.js'
import { operationOf } from './operations.js'
import type { Complain, Promised, Violation } from './promises.js'
import { described } from './reactions.js'
import { refusals } from './refusals.js'
import { Room } from './room.js'
import { rules } from './rules.js'
import { joinOf, Times } from './times.js'
import { checkTold } from './told.js'

/** An ended session is refused on every server after this. */
const ENDED_MS = 1000

/** Compares what clients were told with what the logs say. */
export function check(history: History): Violation[] {
  const violations: Violation[] = history.complaints.map(what => ({ promise: 'the run itself', what }))
  const rooms = new Map<string, { room: Room; times: Times; log: StoredEvent[] }>()

  const texts = new Map(history.done.map(({ username, args }) => [`${username} ${args.client_id}`, args.text]))
  for (const [room_id, stored] of history.logs) {
    // Stores empty the texts of what was deleted, but earlier readers saw them.
    const log = stored.map(event => ({
      ...event,
      text: event.text || texts.get(`${event.username} ${event.client_id}`) || '',
    }))
    const complain = (promise: Promised, what: string) => violations.push({ promise, what: `${room_id}: ${what}` })
    const done = history.done.filter(({ args }) => args.room_id === room_id)
    const room = fold(room_id, log, complain)
    const placed = place(log, done, complain)
    const asked_at = new Map(placed.map(({ seq, asked_at }) => [seq, asked_at]))
    const times = new Times(log.length, placed, asked_at)
    rooms.set(room_id, { room, times, log })
    checkOrder(placed, complain)
    for (const one of done) {
      checkAnswer(one, room, times, complain)
      if (one.code === 'NOT_MEMBER' && one.outcome === 'refused' && joinOf(one.username, done, one)) {
        complain('what was refused could not be done', `${one.name} of ${one.username} after their join`)
      }
    }
    const streams = history.streams.filter(stream => stream.room_id === room_id)
    for (const stream of streams) checkStream(stream, log, room, complain)
  }
  checkArrivals(history, rooms, violations)
  checkSessions(history, violations)
  checkTold(history, rooms, violations)
  checkAccounts(history, rooms, violations)
  return violations
}

const describe = ({ seq, type, username, client_id }: StoredEvent) => `${type} ${seq} of ${username} (${client_id})`

function fold(room_id: string, log: StoredEvent[], complain: Complain): Room {
  const room = new Room(room_id)
  for (const event of log) {
    if (event.seq !== room.head + 1) complain('a log has no gap', `${event.seq} follows ${room.head}`)
    const rule = rules[event.type]
    if (rule?.isLegal(room, event)) rule.apply(room, event)
    else complain('the log holds only what was allowed', describe(event))
    room.head = event.seq
  }
  return room
}

/** Finds each request's event. @returns the requests that have one */
function place(log: StoredEvent[], done: Done[], complain: Complain): (Done & { seq: number })[] {
  const events = new Map<string, StoredEvent[]>()
  for (const event of log) {
    const key = `${event.username} ${event.client_id}`
    events.set(key, [...(events.get(key) ?? []), event])
  }
  const placed: (Done & { seq: number })[] = []
  /** Of what was sent. */
  const wanted = new Set<string>()
  for (const one of done) {
    const { name, username, args, outcome, answer, code } = one
    if (args.client_id === undefined) {
      if (name === 'create' && outcome === 'ok') placed.push({ ...one, seq: 1 })
      continue
    }
    const key = `${username} ${args.client_id}`
    const found = events.get(key) ?? []
    const [event] = found
    const what = `${name} of ${username} (${args.client_id}) was answered ${outcome} ${answer.seq ?? ''} and is there ${found.length} times`
    // A client_id that was used for something else is that one's.
    if (code === 'CLIENT_ID_REUSED') continue
    const isRepeat = wanted.has(key)
    wanted.add(key)
    if (found.length > 1) complain('what was acknowledged is there once', what)
    else if (outcome === 'refused' && event) complain('what was refused is not there', what)
    else if (outcome === 'ok' && !event) complain('what was acknowledged is there once', what)
    else if (event && answer.seq !== undefined && answer.seq !== event.seq) {
      complain('what was acknowledged is there once', `${what}, as ${event.seq}`)
    }
    // Texts of what was deleted are emptied.
    if (event?.text && event.text !== args.text) complain('nothing is there that was not sent', `${what}, altered`)
    if (event && !isRepeat) placed.push({ ...one, seq: event.seq })
  }
  for (const [key, [event]] of events) {
    const isSent = event?.type === 'message' || event?.type === 'edited' || event?.type === 'deleted'
    // What the deletion of an account deletes is looked at with the accounts.
    const isErased = event?.data?.account_deleted === true
    if (event && isSent && !isErased && !wanted.has(key))
      complain('nothing is there that was not sent', describe(event))
  }
  return placed
}

function checkOrder(placed: (Done & { seq: number })[], complain: Complain) {
  const acked = placed.filter(({ outcome }) => outcome === 'ok').sort((a, b) => a.answered_at - b.answered_at)
  let next = 0
  let highest = 0
  for (const one of placed.sort((a, b) => a.asked_at - b.asked_at)) {
    for (; (acked[next]?.answered_at ?? Number.POSITIVE_INFINITY) < one.asked_at; next++) {
      highest = Math.max(highest, acked[next]?.seq ?? 0)
    }
    if (one.seq <= highest) {
      complain(
        'acknowledged requests keep their order in time',
        `${one.name} ${one.seq} was asked after ${highest} was acknowledged`,
      )
    }
  }
}

function checkAnswer(one: Done, room: Room, times: Times, complain: Complain) {
  const { name, username, args, answer, outcome, code = '', asked_at, answered_at } = one
  if (outcome === 'unknown') return
  const first = times.ackedBefore(asked_at)
  const last = Math.max(first, times.possibleAt(answered_at))
  const between = `between ${first} and ${last}`
  const holds = outcome === 'ok' ? operationOf(name).holds : refusals[code]
  if (holds && !seqsOf(first, last).some(seq => holds(room, seq, username, args))) {
    const promise = outcome === 'ok' ? 'what succeeded took effect' : 'what was refused could not be done'
    complain(promise, `${name} of ${username} ${args.member ?? args.id ?? ''} ${code}, ${between}`)
  }
  if (outcome === 'refused') return
  if (name === 'history') {
    const { seq = 0, messages = [] } = answer
    if (seq < first)
      complain('a reader sees what was acknowledged before', `a page for ${username} of ${seq}, ${between}`)
    const from = messages[0]?.id ?? 1
    const upto = Math.max(seq, messages.at(-1)?.id ?? 0)
    const shown = new Set(messages.map(({ id }) => id))
    // Messages that a room no longer keeps are not shown, from some seq between the page's and the answer on.
    const [kept_from, maybe_from] = [room.emptied.at(seq), room.emptied.at(Math.max(seq, last))]
    const there = [...room.messages.keys()].filter(
      id => id >= from && id <= upto && id > kept_from && (id > maybe_from || shown.has(id)),
    )
    if (
      there.join() !== messages.map(({ id }) => id).join() &&
      (messages.length < 20 || there.length > messages.length)
    ) {
      complain(
        'a reader sees what was acknowledged before',
        `a page for ${username} as of ${seq} has ${messages.map(({ id }) => id)} and not ${there}`,
      )
    }
    for (const { id, text } of messages) {
      const texts = room.messages.get(id)?.text.between(Math.max(id, seq), Math.max(id, seq, last)) ?? []
      if (!texts.some(possible => (possible ?? '') === text)) {
        complain(
          'a reader sees what was acknowledged before',
          `a page for ${username} as of ${seq} has ${text} as ${id}, ${between}`,
        )
      }
    }
  }
  if (name === 'search' && answer.messages) {
    const found = new Set(answer.messages.map(({ id }) => id))
    for (const [id, { text }] of room.messages) {
      const has = text.between(first, last).map(possible => possible?.includes(args.text as string) ?? false)
      const isWrong = found.has(id) ? !has.includes(true) : !has.includes(false)
      if (isWrong)
        complain('search finds what is there and nothing else', `${args.text} for ${username}: ${id}, ${between}`)
    }
  }
}

const seqsOf = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, n) => first + n)

function checkStream(
  { username, after, got, ended, shown }: Stream,
  log: StoredEvent[],
  room: Room,
  complain: Complain,
) {
  const wrong = (what: string) => complain('subscribers get every event once and in order', `${username}: ${what}`)
  let at = after
  for (const one of got) {
    if ('start' in one) {
      at = one.start
      continue
    }
    const before = 'after' in one ? one.after : one.seq - 1
    if (at !== undefined && before !== at) wrong(`${one.seq} follows ${at}`)
    at = one.seq
    if ('after' in one) {
      const others = log.slice(one.after, one.seq).filter(({ type }) => type !== 'reacted')
      if (others.length > 0) wrong(`${one.seq} stands for ${others.map(describe)}`)
      continue
    }
    const event = log[one.seq - 1]
    const isSame = event?.type === one.type && event.client_id === one.client_id
    if (!isSame) wrong(`${one.seq} is ${one.type} (${one.client_id}), but the log has ${event && describe(event)}`)
    else if (one.text && event.text && event.text !== one.text) wrong(`${one.seq} has another text`)
  }
  if (ended || !room.isMember(username) || room.deleted.last) return
  if (got.length > 0 && at !== room.head) wrong(`the last one is ${at} of ${room.head}`)
  for (const { id, text, reactions } of shown) {
    if (text !== (room.textOf(id) ?? ''))
      complain('clients show what the log says', `${username} sees ${text} as ${id}`)
    const expected = room.textOf(id) === null ? '' : described(room.reactions(id))
    if (reactions !== expected)
      complain('clients show what the log says', `${username} sees ${reactions} at ${id}, not ${expected}`)
  }
  const from = shown[0]?.id ?? room.head
  const missing = [...room.messages.keys()].filter(id => id >= from && !shown.some(message => message.id === id))
  if (shown.length > 0 && missing.length > 0)
    complain('clients show what the log says', `${username} does not see ${missing}`)
}

/** Nothing reaches a former member, or an ended session. */
function checkArrivals(
  { arrivals, ended }: History,
  rooms: Map<string, { room: Room; times: Times }>,
  violations: Violation[],
) {
  for (const { username, session, room_id, seq, at } of arrivals) {
    const found = rooms.get(room_id)
    if (!found) continue
    const { room, times } = found
    const member = room.memberOf(username)
    const back = member.next(seq, true)
    const mayRead = member.at(seq) || member.at(seq - 1) || (back !== undefined && times.earliest(back) <= at)
    if (!mayRead) {
      violations.push({ promise: 'a former member gets nothing', what: `${room_id}: ${seq} reached ${username}` })
    }
    const ended_at = ended.get(session)
    if (ended_at !== undefined && times.earliest(seq) > ended_at + ENDED_MS) {
      const what = `${room_id}: ${seq} reached session ${session} of ${username}`
      violations.push({ promise: 'an ended session is refused', what })
    }
  }
}

function checkSessions({ done, ended }: History, violations: Violation[]) {
  for (const { username, args, outcome, asked_at } of done) {
    if (args.session === undefined || outcome !== 'ok') continue
    const after = asked_at - (ended.get(args.session) ?? Number.POSITIVE_INFINITY)
    if (after > ENDED_MS) {
      violations.push({
        promise: 'an ended session is refused',
        what: `${username}, ${Math.round(after)} ms after its end`,
      })
    }
  }
}
