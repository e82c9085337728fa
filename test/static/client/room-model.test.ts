import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import type { EventFrame } from '../../../schemas/frame.js'
import type { Message, Page, PageQuery } from '../../../schemas/message.js'
import { createRoomModel, type RoomModel } from '../../../static/client/index.js'
import { message, time } from '../../support/peer.js'
import { repeat } from '../../support/repeat.js'

const event = { room_id: 'a', username: 'minji' }
const edited = (seq: number, id: number, text = `edit ${seq}`): EventFrame => ({
  ...event,
  type: 'edited',
  seq,
  id,
  text,
  created_at: time(seq),
  client_id: `c-${seq}`,
})
const deleted = (seq: number, id: number): EventFrame => ({
  ...event,
  type: 'deleted',
  seq,
  id,
  created_at: time(seq),
  client_id: `c-${seq}`,
})
const joined = (seq: number): EventFrame => ({
  ...event,
  type: 'joined',
  seq,
  member: 'jun',
  created_at: time(seq),
  client_id: `c-${seq}`,
})

/** The HTTP API's page of a log that ends at `head`, with the texts of the complete log. */
function pageOf(log: EventFrame[], head: number, { before, after, limit = 50 }: PageQuery): Page {
  const now = new Map<number, Message>()
  for (const one of log) {
    if (one.type === 'message') {
      const { type: _, seq: __, ...rest } = one
      now.set(one.id, rest)
    }
    const target = one.type === 'edited' || one.type === 'deleted' ? now.get(one.id) : undefined
    if (!target || target.deleted_at) continue
    if (one.type === 'edited') Object.assign(target, { text: one.text, edited_at: one.created_at })
    if (one.type === 'deleted') {
      Object.assign(target, { text: '', deleted_at: one.created_at })
      delete target.edited_at
    }
  }
  const all = [...now.values()].filter(({ id }) => id > (after ?? 0) && id < (before ?? Number.POSITIVE_INFINITY))
  const messages = after === undefined ? all.slice(-limit) : all.slice(0, limit)
  return { messages, has_more: messages.length < all.length, seq: head }
}

const texts = (model: RoomModel) => model.messages.map(({ id, text }) => `${id}: ${text}`)

test('events fold to the present messages, in the order of their seq', async t => {
  const model = createRoomModel()
  model.start(0)
  const log = [joined(1), message('a', 2), message('a', 3), edited(4, 2), joined(5), message('a', 6), deleted(7, 3)]
  for (const one of log) model.event(one)
  model.event(edited(4, 2, 'seen before'))
  t.strictSame(texts(model), ['2: edit 4', '3: ', '6: text 6'])
  t.match(model.get(2), { edited_at: time(4) })
  t.match(model.get(3), { deleted_at: time(7) })
  t.equal(model.head, 7)
  t.equal(model.has_older, false)
})

test('a late edit does not bring a deleted message back', async t => {
  const model = createRoomModel()
  model.start(0)
  for (const one of [message('a', 1), edited(2, 1), deleted(3, 1), edited(4, 1)]) model.event(one)
  t.match(model.messages, [{ id: 1, text: '', deleted_at: time(3) }])
  t.notOk('edited_at' in (model.get(1) ?? {}), 'like history')
})

test('an edit of a message that is not loaded changes nothing, and its page includes the edit', async t => {
  const log = [message('a', 1), message('a', 2), edited(3, 1)]
  const model = createRoomModel()
  model.start(2)
  model.event(edited(3, 1))
  t.strictSame(model.messages, [])
  t.ok(model.has_older)
  t.ok(model.page(pageOf(log.slice(0, 2), 2, {}), {}), 'read before the edit, arrived after it')
  t.strictSame(texts(model), ['1: edit 3', '2: text 2'])
})

test('a page older than the kept events is dropped, and so is one that would leave a gap', async t => {
  const model = createRoomModel()
  model.start(10)
  t.equal(model.page({ messages: [], has_more: false, seq: 9 }, {}), false)
  t.ok(model.page({ messages: [message('a', 9)], has_more: true, seq: 10 }, {}))
  t.equal(model.page({ messages: [message('a', 3)], has_more: true, seq: 10 }, { before: 8 }), false)
  t.strictSame(texts(model), ['9: text 9'])
})

test('after a jump into the past no new message shows until the window reaches the end again', async t => {
  const log = Array.from({ length: 20 }, (_, i) => message('a', i + 1))
  const model = createRoomModel()
  model.start(20)
  model.page(pageOf(log, 20, { limit: 3 }), { limit: 3 })
  const jump = { after: 4, limit: 3 }
  model.page(pageOf(log, 20, jump), jump)
  t.strictSame(
    model.messages.map(({ id }) => id),
    [5, 6, 7],
  )
  t.equal(model.attached, false)
  log.push(message('a', 21))
  model.event(log.at(-1) as EventFrame)
  t.equal(model.messages.length, 3)
  const rest = { after: 7, limit: 50 }
  model.page(pageOf(log.slice(0, 20), 20, rest), rest)
  t.equal(model.attached, true)
  t.strictSame(
    model.messages.map(({ id }) => id),
    Array.from({ length: 17 }, (_, i) => i + 5),
  )
})

test('trimming drops the oldest messages and still knows that they exist', async t => {
  const model = createRoomModel()
  model.start(0)
  for (let seq = 1; seq <= 5; seq++) model.event(message('a', seq))
  t.equal(model.has_older, false)
  model.trim(model.head, model.head, 1)
  t.strictSame(texts(model), ['4: text 4', '5: text 5'])
  t.ok(model.has_older)
  model.event(edited(6, 1))
  model.event(edited(7, 5))
  t.strictSame(texts(model), ['4: text 4', '5: edit 7'])
})

test('trimming around an old message also drops the newest, and the window is no longer attached', async t => {
  const model = createRoomModel()
  model.start(0)
  const log = Array.from({ length: 10 }, (_, i) => message('a', i + 1))
  for (const one of log.slice(0, 9)) model.event(one)
  model.trim(4, 4, 1)
  t.strictSame(texts(model), ['3: text 3', '4: text 4', '5: text 5'])
  t.ok(model.has_older)
  t.notOk(model.attached)
  model.event(log[9] as EventFrame)
  t.equal(model.messages.length, 3, 'new messages join only at the end')
  const query = { after: 5, limit: 50 }
  model.page(pageOf(log, 10, query), query)
  t.ok(model.attached)
  t.equal(model.messages.length, 8)
})

test('trimming keeps the messages between two seqs, even if one of them is not a message', async t => {
  const model = createRoomModel()
  model.start(0)
  for (const seq of [1, 2, 3]) model.event(message('a', seq))
  model.event(joined(4))
  for (const seq of [5, 6, 7, 8]) model.event(message('a', seq))
  model.trim(4, 6, 1, 1)
  t.equal(model.messages.length, 7, 'a side within the slack is kept')
  model.trim(4, 6, 1)
  t.strictSame(texts(model), ['2: text 2', '3: text 3', '5: text 5', '6: text 6', '7: text 7'])
})

test('the array and a message are new objects only if they have changed', async t => {
  const model = createRoomModel()
  model.start(0)
  model.event(message('a', 1))
  model.event(message('a', 2))
  const before = model.messages
  model.event(joined(3))
  t.equal(model.messages, before)
  model.event(edited(4, 1))
  t.not(model.messages, before)
  t.not(model.messages[0], before[0])
  t.equal(model.messages[1], before[1])
})

/** Valid logs: only existing messages are edited or deleted, and none after its deletion. */
const logs = fc
  .array(fc.tuple(fc.constantFrom('message', 'message', 'edited', 'deleted', 'joined'), fc.nat()), { maxLength: 60 })
  .map(steps => {
    const log: EventFrame[] = []
    let alive: number[] = []
    for (const [type, pick] of steps) {
      const seq = log.length + 1
      const target = alive[pick % Math.max(1, alive.length)]
      if (type === 'message') {
        alive.push(seq)
        log.push(message('a', seq))
      } else if (type === 'edited' && target) log.push(edited(seq, target))
      else if (type === 'deleted' && target) {
        alive = alive.filter(id => id !== target)
        log.push(deleted(seq, target))
      } else log.push(joined(seq))
    }
    return log
  })

test('a live client, a late one, one that jumps and one that reads history end with the same messages', async () => {
  fc.assert(
    fc.property(logs, fc.infiniteStream(fc.nat(1000)), (log, numbers) => {
      const draw = (below: number) => (numbers.next().value as number) % Math.max(1, below)
      const live = createRoomModel()
      live.start(0)
      for (const one of log) live.event(one)

      const late = createRoomModel()
      let seen = draw(log.length + 1)
      /** How much of the log a page has shown: a later page shows at least as much. */
      let shown = 0
      late.start(seen)
      const step = () => {
        if (seen < log.length) late.event(log[seen++] as EventFrame)
      }
      /** A page’s texts are those after `content` events, its seq was read earlier; events arrive meanwhile. */
      const load = (query: PageQuery) => {
        const asked = Math.max(seen, shown, draw(log.length + 1))
        const content = asked + draw(log.length - asked + 1)
        shown = content
        const page = pageOf(log.slice(0, content), asked, query)
        for (let i = draw(4); i > 0; i--) step()
        assert(late.page(page, query), 'a page in time that touches is never refused')
      }
      load({ limit: 5 })
      for (let i = 0; i < 6; i++) {
        step()
        const first = late.messages[0]?.id
        const last = late.messages.at(-1)?.id
        if (draw(3) === 0) load({ after: draw(log.length + 3), limit: 1 + draw(5) })
        else if (draw(2) === 0 && first !== undefined && late.has_older) load({ before: first, limit: 1 + draw(5) })
        else if (last !== undefined && !late.attached) load({ after: last, limit: 1 + draw(5) })
      }
      while (seen < log.length) step()
      while (!late.attached) load({ after: late.messages.at(-1)?.id ?? 0, limit: 5 })
      while (late.has_older) load({ before: late.messages[0]?.id ?? log.length + 1, limit: 5 })

      const history = pageOf(log, log.length, { limit: 1000 }).messages
      assert.deepEqual(late.messages, history)
      assert.deepEqual(live.messages, history)
    }),
    { numRuns: repeat(500, 100) },
  )
})

test('messages that were erased leave the window, and those after them stay', async t => {
  const model = createRoomModel()
  model.start(0)
  for (let seq = 1; seq <= 5; seq++) model.event(message('a', seq))
  const before = model.messages
  const emptied = { ...event, type: 'emptied' as const, created_at: time(6), client_id: 'c-6' }
  model.event({ ...emptied, seq: 6, upto: 3 })
  t.strictSame(
    model.messages.map(({ id }) => id),
    [4, 5],
  )
  t.not(model.messages, before)
  t.equal(model.get(3), undefined)
  model.event(message('a', 7))
  model.event({ ...emptied, seq: 8, upto: 7 })
  t.strictSame(model.messages, [])
})
