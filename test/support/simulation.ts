import { check } from '../../bench/faults/checker.js'
import { type Done, emptyHistory, type Stream } from '../../bench/faults/history.js'
import type { Violation } from '../../bench/faults/promises.js'
import { createRandom, type Random } from '../../bench/faults/random.js'
import { createMessages } from '../../plugins/messages/index.js'
import type { RoomLog } from '../../plugins/room-log/index.js'
import { encodeEvent } from '../../plugins/room-log/index.js'
import { RoomView } from '../../plugins/room-log/view.js'
import type { Writer } from '../../plugins/room-log/writer.js'
import { createAdmit } from '../../plugins/rooms/admit.js'
import type { Rooms } from '../../plugins/rooms/index.js'
import { createMembership } from '../../plugins/rooms/membership.js'
import { Conflict, foldMember, foldRoom, membersOf, type Store } from '../../plugins/store/index.js'
import { EventOrder } from '../../plugins/ws/order.js'
import { errors } from '../../schemas/error.js'
import { membershipTypes, type StoredEvent } from '../../schemas/event.js'
import type { MemberRow, RoomRecord } from '../../schemas/room.js'
import { KEEPS_ALL } from '../../schemas/wire.js'
import { createSchedule, type Schedule } from './schedule.js'

const ROOM = 'room'
const OWNER = 'owner'
const USERS = [OWNER, 'minji', 'bob', 'cho', 'dan', 'eva']
/** Requests of each client, and clients of each writer. */
const REQUESTS = 6
const CLIENTS = 2
/** Of a hundred calls of the store. */
const FATES = { refused: 4, reply_lost: 5, executed_later: 3, partial: 3 }
/** Of a hundred messages on the bus. */
const BUS = { lost: 15, repeated: 15 }

/** A room's log in memory, each of whose calls takes several steps, and fails in the ways of a database far away. */
function createStore(schedule: Schedule, random: Random) {
  /** By seq, without a hole unless a writer makes one. */
  const log: StoredEvent[] = []
  const keys = new Set<string>()
  const head = () => log.at(-1)?.seq ?? 0
  const events = (after: number, upto = Number.MAX_SAFE_INTEGER) => log.filter(({ seq }) => seq > after && seq <= upto)
  /** The seq up to which the record and the rows reflect the log. */
  let indexed = 0
  let isFaulty = true

  const first = (): RoomRecord => ({
    ...{ id: ROOM, name: 'Room', description: '', is_public: true, max_members: 0, indexed_seq: 0, owner: OWNER },
    ...{ member_count: 0, password_hash: null, created_at: '', deleted: false, slow_mode_s: 0, ...KEEPS_ALL },
  })

  async function call<T>(work: () => Promise<T>): Promise<T> {
    const fate = isFaulty ? random.int(100) : 100
    const { refused, reply_lost, executed_later } = FATES
    const failure = () => new errors.StoreUnavailable()
    await schedule.pause()
    if (fate < refused) throw failure()
    if (fate < refused + executed_later) {
      schedule.later(() => void work().catch(() => {}))
      await schedule.pause()
      throw failure()
    }
    const result = await work()
    await schedule.pause()
    if (fate < refused + executed_later + reply_lost) throw failure()
    return result
  }

  function insert(event: StoredEvent) {
    const key = `${event.client_id} ${event.username}`
    const place = log.findLastIndex(({ seq }) => seq <= event.seq)
    if (log[place]?.seq === event.seq || keys.has(key)) throw new Conflict(`${event.seq} or ${key} is taken`)
    log.splice(place + 1, 0, event)
    keys.add(key)
  }

  const store = {
    shared: true,
    append: (_: string, __: number, appended: StoredEvent[]) =>
      call(async () => {
        const count = isFaulty && random.int(100) < FATES.partial ? random.int(appended.length + 1) : appended.length
        for (const event of appended.slice(0, count)) insert(event)
        if (count < appended.length) throw new errors.StoreUnavailable()
      }),
    readEvents: (_: string, { after, upto, limit }: { after: number; upto?: number; limit: number }) =>
      call(async () => events(after, upto).slice(0, limit)),
    readByClientId: (_: string, username: string, client_id: string) =>
      call(async () => events(0).find(event => event.username === username && event.client_id === client_id) ?? null),
    /** In the order of the store on MongoDB: record, rows, head, events. */
    readState: (_: string, usernames: string[], since: number) =>
      call(async () => {
        const room = events(0, indexed).reduce(foldRoom, first())
        room.indexed_seq = indexed
        await schedule.pause()
        const rows = new Map<string, MemberRow>()
        for (const event of events(0, indexed)) {
          for (const username of membersOf(event)) {
            const row = foldMember(event, username, rows.get(username))
            if (row && usernames.includes(row.username)) rows.set(row.username, row)
          }
        }
        await schedule.pause()
        const last = head()
        await schedule.pause()
        const changes = events(Math.min(since, room.indexed_seq), last).filter(({ type }) => membershipTypes.has(type))
        return {
          room,
          members: [...rows.values()],
          events: changes,
          head: last,
          head_at: log[last - 1]?.created_at ?? '',
        }
      }),
    readTargets: (_: string, seqs: number[]) =>
      call(async () =>
        events(0)
          .filter(({ seq, type }) => type === 'message' && seqs.includes(seq))
          .map(message => {
            const about = events(0).filter(({ target }) => target === message.seq)
            return {
              message,
              newest: about.at(-1) ?? null,
              edits: about.filter(({ type }) => type === 'edited').length,
            }
          }),
      ),
    readUser: async (username: string) => ({ username }),
    readHead: async () => head(),
    readMember: async () => null,
    /** Nobody reacts in a simulation. */
    readReactions: async () => [],
  } as unknown as Store

  return {
    store,
    insert,
    events,
    head,
    /** Indexes some more of the log. */
    index: () => {
      indexed += random.int(head() - indexed + 1)
    },
    mend: () => {
      isFaulty = false
    },
  }
}

export interface Simulated {
  violations: Violation[]
  acked: number
  log: StoredEvent[]
}

/**
 * Lets several writers of one room work under a schedule that the seed chooses, then checks what they answered and what
 * subscribers got against the log.
 */
export async function simulate(seed: number, WriterClass: typeof Writer): Promise<Simulated> {
  const random = createRandom(seed)
  const schedule = createSchedule(random)
  const history = emptyHistory()
  const { store, insert, events, head, index, mend } = createStore(schedule, random)
  const created_at = new Date(0).toISOString()
  const base = { room_id: ROOM, username: OWNER, created_at }
  insert({ ...base, seq: 1, type: 'created', client_id: 'created' })
  for (const [n, member] of USERS.slice(1).entries()) {
    insert({ ...base, seq: n + 2, type: 'joined', client_id: `joined-${n}`, member })
  }

  const writers = 2 + random.int(4)
  const orders: EventOrder[] = []

  function deliver(published: StoredEvent[]) {
    for (const order of orders) {
      const fate = random.int(100)
      const [first] = published as [StoredEvent]
      const receive = () =>
        order.receive(
          first.seq,
          published.map(encodeEvent),
          published.some(({ type }) => membershipTypes.has(type)),
        )
      if (fate >= BUS.lost) schedule.later(receive)
      if (fate >= BUS.lost && fate < BUS.lost + BUS.repeated) schedule.later(receive)
    }
  }

  const servers = Array.from({ length: writers }, (_, n) => {
    const stream: Stream = { username: OWNER, room_id: ROOM, got: [{ start: 1 }], ended: false, shown: [] }
    history.streams.push(stream)
    const order = new EventOrder(ROOM, store, {
      full: false,
      take(seq, frame) {
        const { type, client_id, text } = JSON.parse(frame.toString())
        stream.got.push({ seq, type, client_id, ...(text !== undefined && { text }) })
      },
    })
    order.start(1)
    orders.push(order)
    const writer = new WriterClass(ROOM, store, deliver)
    const roomLog = { append: (_: string, entry: never) => writer.append(entry) } as unknown as RoomLog
    const rooms = {} as Rooms
    const view = async () => {
      const state = await store.readState(ROOM, USERS, Number.MAX_SAFE_INTEGER)
      const read = new RoomView()
      read.read(state, USERS)
      return read
    }
    const messages = createMessages(store, roomLog, rooms, { slowMode: async () => 0 })
    const membership = createMembership(
      store,
      { roomLog: { ...roomLog, view } as unknown as RoomLog, verifyPassword: async () => false },
      {
        admit: createAdmit(store, roomLog, { admit: async () => {} }),
        get: async () => ({}) as never,
        hide: async () => {},
        blocksBetween: async () => [],
      },
    )
    return { n, order, messages, membership }
  })
  type Server = (typeof servers)[number]

  const sent: { id: number; author: string }[] = []
  /** Requests that were acknowledged, to be repeated. */
  const repeatable: (() => Promise<void>)[] = []

  async function request(server: Server, name: string, username: string, args: Done['args'], again = false) {
    const done: Done = {
      ...{ name, username, args, answer: {}, outcome: 'unknown' },
      ...{ asked_at: schedule.now(), answered_at: Number.POSITIVE_INFINITY },
    }
    history.done.push(done)
    const { client_id = '', text = '', id = 0, member = '' } = args
    const { messages, membership } = server
    try {
      if (name === 'send' || name === 'reply') {
        const written = await messages.send(ROOM, username, {
          client_id,
          text,
          ...(name === 'reply' && { reply_to: id }),
        })
        done.answer = { seq: written.event.seq }
        sent.push({ id: written.event.seq, author: username })
      } else if (name === 'edit') {
        done.answer = { seq: (await messages.edit(ROOM, username, id, { client_id, text })).event.seq }
      } else if (name === 'delete') {
        done.answer = { seq: (await messages.remove(ROOM, username, id, client_id)).event.seq }
      } else if (name === 'join') await membership.join(ROOM, username, undefined)
      else if (name === 'leave') await membership.leave(ROOM, username)
      else if (name === 'remove') await membership.removeMember(ROOM, username, member)
      Object.assign(done, { outcome: 'ok', answered_at: schedule.now() })
      if (client_id && !again)
        repeatable.push(() => request(random.pick(servers) as Server, name, username, args, true))
    } catch (error) {
      const { code = '', statusCode } = error as { code?: string; statusCode?: number }
      if (statusCode === undefined) throw error
      done.code = code
      if (statusCode < 500) Object.assign(done, { outcome: 'refused', answered_at: schedule.now() })
    }
  }

  let texts = 0
  async function client(server: Server) {
    for (let n = 0; n < REQUESTS; n++) {
      for (let pauses = random.int(3); pauses > 0; pauses--) await schedule.pause()
      if (random.int(3) === 0) index()
      const username = random.pick(USERS) as string
      const args = { room_id: ROOM, client_id: `c${++texts}`, text: `text ${texts}` }
      const id = random.pick(sent)?.id
      const own = random.pick(sent.filter(({ author }) => author === username))?.id
      const kind = random.int(13)
      if (kind < 4) await request(server, 'send', username, args)
      else if (kind === 4 && id) await request(server, 'reply', username, { ...args, id })
      else if (kind <= 6 && own) await request(server, 'edit', username, { ...args, id: own })
      else if (kind === 7 && own) {
        const removal = { room_id: ROOM, client_id: `${args.client_id}-delete`, id: own }
        const doing = [request(server, 'delete', username, removal)]
        // At once, so that both may be in one batch.
        if (random.int(2) === 0) doing.push(request(server, 'edit', username, { ...args, id: own }))
        await Promise.all(doing)
      } else if (kind === 8) await random.pick(repeatable)?.()
      else if (kind === 9)
        await request(server, 'remove', OWNER, { room_id: ROOM, member: random.pick(USERS.slice(1)) as string })
      else if (kind === 10) {
        // What one server remembers is changed on another one: a user who left comes back …
        if (username !== OWNER) await request(server, 'leave', username, { room_id: ROOM })
        await request(random.pick(servers) as Server, 'join', username, { room_id: ROOM })
        await request(server, 'send', username, args)
      } else if (kind === 11) {
        // … and a user who has sent messages is removed, before a user sends who is new to the server.
        await request(server, 'send', username, args)
        await request(random.pick(servers) as Server, 'remove', OWNER, { room_id: ROOM, member: username })
        index()
        const other = random.pick(USERS) as string
        await request(server, 'send', other, { ...args, client_id: `${args.client_id}-other` })
        await request(server, 'send', username, { ...args, client_id: `${args.client_id}-again` })
      } else if (username !== OWNER) await request(server, 'leave', username, { room_id: ROOM })
    }
  }

  await schedule.run(async () => {
    await Promise.all(servers.flatMap(server => Array.from({ length: CLIENTS }, () => client(server))))
    mend()
    // What is still on its way may be stored after the last answer.
    for (let n = 0; n < 50; n++) await schedule.pause()
    for (const { order } of servers) {
      while ((order.position ?? 0) < head()) {
        await order.repair()
        await schedule.pause()
      }
      order.close()
    }
  })
  history.logs.set(ROOM, events(0))
  return {
    violations: check(history),
    acked: history.done.filter(({ outcome }) => outcome === 'ok').length,
    log: events(0),
  }
}
