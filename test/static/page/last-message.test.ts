import { test } from 'tap'
import type { EventFrame } from '../../../schemas/frame.js'
import { limits } from '../../../schemas/wire.js'
import { foldLastMessage } from '../../../static/page/state/last-message.js'

const event = { room_id: 'default', username: 'minji', created_at: '2026-01-31T09:30:00.000Z', client_id: 'c' }
const said = (id: number, text: string): EventFrame => ({ ...event, type: 'message', seq: id, id, text })
const edited = (seq: number, id: number, text: string): EventFrame => ({ ...event, type: 'edited', seq, id, text })
const deleted = (seq: number, id: number): EventFrame => ({ ...event, type: 'deleted', seq, id })
const joined = (seq: number): EventFrame => ({ ...event, type: 'joined', seq, member: 'jun' })

test('a room’s last message follows from its events', async t => {
  const { created_at } = event
  const after = (...events: EventFrame[]) => events.reduce(foldLastMessage, undefined)
  t.equal(after(joined(2), edited(3, 1, 'x')), undefined)
  t.strictSame(after(said(2, 'soup?'), said(3, 'bread?')), {
    ...{ id: 3, username: 'minji', text: 'bread?', created_at },
  })
  t.equal(after(said(2, 'soup?'), said(3, 'bread?'), edited(4, 2, 'stew?'), deleted(5, 2))?.text, 'bread?')
  t.equal(after(said(2, 'soup?'), edited(3, 2, 'stew?'))?.text, 'stew?')
  const gone = { id: 2, username: 'minji', text: '', created_at, deleted_at: created_at }
  t.strictSame(after(said(2, 'soup?'), deleted(3, 2)), gone)
  t.strictSame(after(said(2, 'soup?'), deleted(3, 2), edited(4, 2, 'late')), gone, 'it does not come back')
  t.equal(after(said(2, 'x'.repeat(limits.TEXT_MAX)))?.text.length, limits.LAST_TEXT_MAX)
  const last = after(said(2, 'soup?'))
  t.equal(foldLastMessage(last, joined(3)), last, 'nothing to draw anew')
})
