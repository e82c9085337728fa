import type { StoredEvent } from '../../schemas/event.js'
import { DEFAULT_ROOM_ID } from '../../schemas/wire.js'
import type { Done, History, Told } from './history.js'
import { plantedInAdministration } from './plant-administration.js'
import { acked, found, type Planted } from './planted.js'

const logOf = ({ logs }: History, { args }: Done) => found(logs.get(args.room_id))
/** The room with the longest log. */
const longest = ({ logs }: History) => found([...logs].sort(([, a], [, b]) => b.length - a.length)[0])
const pageWith = (history: History) =>
  found(
    acked(history, 'history').find(
      ({ answer }) => (answer.messages ?? []).filter(({ text }) => text !== '').length > 2,
    ),
  )

export const planted: Record<string, Planted> = {
  ...plantedInAdministration,
  'an acknowledged message is lost': {
    promise: 'what was acknowledged is there once',
    plant(history) {
      const one = found(acked(history, 'send').at(-1))
      logOf(history, one).splice((one.answer.seq as number) - 1, 1)
    },
  },
  'a message is doubled': {
    promise: 'what was acknowledged is there once',
    plant(history) {
      const one = found(acked(history, 'send')[0])
      const log = logOf(history, one)
      log.push({ ...found(log[(one.answer.seq as number) - 1]), seq: log.length + 1 })
    },
  },
  'a message comes from nowhere': {
    promise: 'nothing is there that was not sent',
    plant(history) {
      const [, log] = longest(history)
      const message = found(log.find(({ type }) => type === 'message'))
      log.push({ ...message, seq: log.length + 1, client_id: 'from nowhere' })
    },
  },
  'two acknowledged messages are swapped': {
    promise: 'acknowledged requests keep their order in time',
    plant(history) {
      const [room_id, log] = longest(history)
      const sent = acked(history, 'send').filter(({ args }) => args.room_id === room_id)
      const [first, last] = [found(sent[0]), found(sent.at(-1))]
      const [one, other] = [first, last].map(({ answer }) => found(log[(answer.seq as number) - 1]))
      const [a, b] = [found(one), found(other)]
      log[a.seq - 1] = { ...b, seq: a.seq }
      log[b.seq - 1] = { ...a, seq: b.seq }
      ;[first.answer.seq, last.answer.seq] = [b.seq, a.seq]
    },
  },
  'a log has a hole': {
    promise: 'a log has no gap',
    plant: history => void longest(history)[1].splice(2, 1),
  },
  'a refused message is there': {
    promise: 'what was refused is not there',
    plant(history) {
      found(acked(history, 'send')[0]).outcome = 'refused'
    },
  },
  'an event leaks to a stranger': {
    promise: 'a former member gets nothing',
    plant({ arrivals, logs }) {
      const room_id = found([...logs.keys()].find(id => id !== DEFAULT_ROOM_ID))
      arrivals.push({ username: 'stranger', session: 0, room_id, seq: 2, at: performance.now() })
    },
  },
  'a former member acts': {
    promise: 'the log holds only what was allowed',
    plant(history) {
      const log = found([...history.logs].find(([id]) => id !== DEFAULT_ROOM_ID))[1]
      const message = found(log.find(({ type }) => type === 'message'))
      log.push({ ...message, seq: log.length + 1, username: 'stranger' })
    },
  },
  'an invitation is used once too often': {
    promise: 'the log holds only what was allowed',
    plant(history) {
      const by = ({ data }: { data?: { invite?: number } }) => data?.invite !== undefined
      const [, log] = found([...history.logs].find(([, log]) => log.some(one => one.type === 'joined' && by(one))))
      const joined = found(log.find(one => one.type === 'joined' && by(one)))
      const { max_uses = 0 } = found(log[(joined.data?.invite as number) - 1]).data ?? {}
      for (let n = 0; n <= max_uses; n++) {
        const member = `guest-${n}`
        log.push({ ...joined, seq: log.length + 1, username: member, member, client_id: member })
      }
    },
  },
  'a message is behind a block': {
    promise: 'the log holds only what was allowed',
    plant({ logs }) {
      const isMessage = ({ type }: StoredEvent) => type === 'message'
      const log = found([...logs.values()].find(([first, ...more]) => first?.data?.members && more.some(isMessage)))
      const message = found(log.find(isMessage))
      const seq = log.length + 1
      const others = found(log[0]?.data?.members).filter(name => name !== message.username)
      log.push({ ...message, seq, type: 'blocked', client_id: 'block', member: found(others[0]) })
      log.push({ ...message, seq: seq + 1, client_id: 'behind' })
    },
  },
  'a banned user comes back': {
    promise: 'the log holds only what was allowed',
    plant(history) {
      const { log, event } = found(
        [...history.logs.values()]
          .flatMap(log => log.map(event => ({ log, event })))
          .find(({ event }) => event.type === 'banned'),
      )
      log.splice(event.seq, 0, { ...event, type: 'joined', username: event.member as string, client_id: 'planted' })
      for (const [at, one] of log.entries()) log[at] = { ...one, seq: at + 1 }
    },
  },
  'a muted member writes': {
    promise: 'the log holds only what was allowed',
    plant(history) {
      const [log, muted] = found(
        [...history.logs.values()]
          .map(log => [log, log.find(({ type }) => type === 'muted')] as const)
          .find(([, muted]) => muted),
      )
      const event = found(muted)
      const message = { ...event, type: 'message' as const, text: 'x' }
      log.splice(event.seq, 0, { ...message, username: event.member as string, client_id: 'planted' })
      for (const [at, one] of log.entries()) log[at] = { ...one, seq: at + 1 }
    },
  },
  'a user without a role bans': {
    promise: 'the log holds only what was allowed',
    plant(history) {
      const log = found([...history.logs.values()].find(log => log.some(({ type }) => type === 'banned')))
      found(log.find(({ type }) => type === 'banned')).username = 'stranger'
    },
  },
  'a change of settings that succeeded is lost': {
    promise: 'what succeeded took effect',
    plant(history) {
      const one = found(acked(history, 'describe')[0])
      const event = found(logOf(history, one).find(({ data }) => data?.description === one.args.text))
      event.data = { description: 'lost' }
    },
  },
  'a page is stale': {
    promise: 'a reader sees what was acknowledged before',
    plant(history) {
      pageWith(history).answer.seq = 1
    },
  },
  'a page lacks a message': {
    promise: 'a reader sees what was acknowledged before',
    plant: history => void pageWith(history).answer.messages?.splice(1, 1),
  },
  'a page shows an old text': {
    promise: 'a reader sees what was acknowledged before',
    plant(history) {
      const shown = found(pageWith(history).answer.messages?.find(({ text }) => text !== ''))
      shown.text = `old ${shown.text}`
    },
  },
  'a search misses a message': {
    promise: 'search finds what is there and nothing else',
    plant(history) {
      const one = found(acked(history, 'search').findLast(({ answer }) => (answer.messages?.length ?? 0) > 0))
      one.answer.messages?.pop()
    },
  },
  'a subscriber misses an event': {
    promise: 'subscribers get every event once and in order',
    plant: ({ streams }) => void found(streams.find(({ got }) => got.length > 3)).got.splice(2, 1),
  },
  'a subscriber gets an event twice': {
    promise: 'subscribers get every event once and in order',
    plant({ streams }) {
      const { got } = found(streams.find(({ got }) => got.length > 3))
      got.splice(2, 0, found(got[2]))
    },
  },
  'a client shows an old text': {
    promise: 'clients show what the log says',
    plant({ streams }) {
      const shown = found(streams.flatMap(({ shown }) => shown).find(({ text }) => text !== ''))
      shown.text = `old ${shown.text}`
    },
  },
  'a reaction is counted twice': {
    promise: 'the log holds only what was allowed',
    plant(history) {
      const isOn = ({ type, data }: StoredEvent) => type === 'reacted' && data?.on === true
      const log = found([...history.logs.values()].find(log => log.some(isOn)))
      const event = found(log.findLast(isOn))
      const data = { ...event.data, count: (event.data?.count ?? 0) + 1 }
      log.splice(event.seq, 0, { ...event, data, client_id: 'planted' })
      for (const [at, one] of log.entries()) log[at] = { ...one, seq: at + 1 }
    },
  },
  'a client shows an old count of a reaction': {
    promise: 'clients show what the log says',
    plant({ streams }) {
      const shown = found(streams.flatMap(({ shown }) => shown).find(({ reactions }) => reactions))
      shown.reactions = `${shown.reactions}0`
    },
  },
  'an unread count is wrong': {
    promise: 'unread counts and marks are right',
    plant({ told }) {
      found(told[0]).unread++
    },
  },
  'a mention is counted twice': {
    promise: 'mentions are counted right',
    plant({ told }) {
      found(told[0]).unread_mentions++
    },
  },
  'a message mentions a user whom its text does not name': {
    promise: 'the log holds only what was allowed',
    plant({ logs }) {
      const event = found([...logs.values()].flat().find(({ type, data }) => type === 'message' && !data))
      event.data = { mentions: [event.username] }
    },
  },
  'a read mark went back': {
    promise: 'unread counts and marks are right',
    plant(history) {
      const [mark, standing] = found(
        acked(history, 'read')
          .map(read => [
            read,
            history.told.find(one => one.username === read.username && one.room_id === read.args.room_id),
          ])
          .findLast((pair): pair is [Done, Told] => pair[1] !== undefined),
      )
      mark.answer.seq = standing.last_read_seq + 1
    },
  },
  'a member is missing': {
    promise: 'members are what the log says',
    plant: ({ rooms }) => void found(rooms[0]).members.pop(),
  },
  'an ended session reads': {
    promise: 'an ended session is refused',
    plant({ done, ended }) {
      ended.set(-1, 0)
      const one = found(done.find(({ name, outcome }) => name === 'history' && outcome === 'ok'))
      done.push({ ...one, name: 'use an ended session', args: { room_id: DEFAULT_ROOM_ID, session: -1 }, answer: {} })
    },
  },
}
