import { test } from 'tap'
import { noteTypes } from '../../../schemas/event-types.js'
import type { Note } from '../../../schemas/log-entry.js'
import type { Message } from '../../../schemas/message.js'
import { NOTE_TYPES } from '../../../static/page/state/notes.js'
import type { OutgoingMessage } from '../../../static/page/state/outgoing-message.js'
import { groupStarts, layOut } from '../../../static/page/text/layout.js'

const say = (id: number, username: string, created_at: string, more: Partial<Message> = {}): Message => ({
  id,
  room_id: 'a',
  username,
  text: 'hi',
  created_at: `2026-01-${created_at}.000Z`,
  client_id: `c-${id}`,
  ...more,
})
const lay = (messages: Message[], more: Partial<Parameters<typeof layOut>[1]> = {}) =>
  layOut(messages, { day: time => time.slice(0, 10), unread_after: 0, me: 'me', ...more })
const named = (laid: ReturnType<typeof layOut>) =>
  laid.map(line =>
    'starts_group' in line
      ? `${line.kind === 'message' ? line.message.id : line.one.client_id}${line.starts_group ? ' starts_group' : ''}`
      : line.kind,
  )
const lines = (messages: Message[], unread_after = 0) => named(lay(messages, { unread_after }))
const sending = (client_id: string, created_at: string): OutgoingMessage => ({
  client_id,
  text: 'hi',
  created_at: `2026-01-${created_at}.000Z`,
})

test('one sender’s messages form a group for five minutes, never below another sender', async t => {
  t.strictSame(
    lines([
      say(1, 'a', '31T09:00:00'),
      say(2, 'a', '31T09:04:59'),
      say(3, 'b', '31T09:05:00'),
      say(4, 'a', '31T09:05:01'),
      say(5, 'a', '31T09:08:00'),
      say(6, 'a', '31T09:10:00'),
      say(7, 'a', '31T09:10:01'),
      say(8, 'a', '31T09:11:00'),
    ]),
    ['day', '1 starts_group', '2', '3 starts_group', '4 starts_group', '5', '6', '7 starts_group', '8'],
    'five minutes after its first message, however steadily the sender goes on',
  )
})

test('a message that is being sent is laid out as its later event is, whatever the clock says', async t => {
  const before = [say(1, 'a', '31T09:00:00'), say(2, 'me', '31T09:01:00')]
  t.strictSame(
    named(lay(before, { outgoing: [sending('late', '30T23:00:00'), sending('in time', '31T09:02:00')] })),
    ['day', '1 starts_group', '2 starts_group', 'late', 'in time'],
    'a clock behind the server’s',
  )
  const early = lay(before, { outgoing: [sending('c-3', '31T09:30:00')] })
  t.strictSame(named(early), ['day', '1 starts_group', '2 starts_group', 'c-3 starts_group'])
  t.strictSame(
    named(lay([...before, say(3, 'me', '31T09:02:00')], { shown: groupStarts(early) })),
    ['day', '1 starts_group', '2 starts_group', '3 starts_group'],
    'what was shown stays',
  )
  t.strictSame(
    named(lay([], { outgoing: [sending('one', '31T09:00:00')] })),
    ['day', 'one starts_group'],
    'in an empty room, too',
  )
})

test('older messages change no row that was shown, except that the first one may lose its sender', async t => {
  const all = Array.from({ length: 12 }, (_, i) => say(i + 1, 'a', `31T09:${String(i).padStart(2, '0')}:00`))
  const window = lay(all.slice(3))
  const starts = (laid: ReturnType<typeof layOut>) => named(laid).filter(line => line.endsWith('starts_group'))
  t.strictSame(starts(window), ['4 starts_group', '9 starts_group'])
  t.strictSame(starts(lay(all, { shown: groupStarts(window) })), ['1 starts_group', '9 starts_group'])
  t.strictSame(starts(lay(all)), ['1 starts_group', '6 starts_group', '11 starts_group'])
})

test('a reply, and a message after a deleted one or after a clock that went back, show their sender', async t => {
  t.strictSame(
    lines([
      say(1, 'a', '31T09:00:00'),
      say(2, 'a', '31T09:00:01', { reply_to: 1 }),
      say(3, 'a', '31T09:00:02', { deleted_at: '2026-01-31T10:00:00.000Z' }),
      say(4, 'a', '31T09:00:03'),
      say(5, 'a', '31T09:00:01'),
    ]),
    ['day', '1 starts_group', '2 starts_group', '3', '4 starts_group', '5 starts_group'],
  )
})

test('each day has a line, and so has the first new message of other users', async t => {
  t.strictSame(
    lines(
      [say(1, 'a', '30T09:00:00'), say(2, 'me', '31T09:00:00'), say(3, 'a', '31T09:00:01'), say(4, 'a', '31T09:00:02')],
      1,
    ),
    ['day', '1 starts_group', 'day', '2 starts_group', 'unread', '3 starts_group', '4'],
  )
})

const note = (seq: number, created_at: string): Note => ({
  ...{ seq, type: 'joined', username: 'b', member: 'b' },
  created_at: `2026-01-${created_at}.000Z`,
})

test('what happened in a row is one line of its day, and ends the group of messages above it', async t => {
  const said = [say(2, 'a', '30T09:00:00'), say(5, 'a', '30T09:01:00'), say(6, 'a', '30T09:02:00')]
  const notes = [note(1, '30T08:00:00'), note(3, '30T09:00:10'), note(4, '30T09:00:20'), note(7, '31T09:00:00')]
  const laid = lay(said, { notes, whole: { start: true, end: true } })
  t.strictSame(named(laid), ['day', 'notes', '2 starts_group', 'notes', '5 starts_group', '6', 'day', 'notes'])
  const seqs = laid.flatMap(line => (line.kind === 'notes' ? [line.notes.map(({ seq }) => seq)] : []))
  t.strictSame(seqs, [[1], [3, 4], [7]])
  t.strictSame(
    named(lay(said, { notes, whole: { start: false, end: false } })),
    ['day', '2 starts_group', 'notes', '5 starts_group', '6'],
    'what is outside of the loaded messages is not shown',
  )
})

test('a line keeps its place while it grows', async t => {
  const said = [say(1, 'a', '30T09:00:00')]
  const notes = [note(2, '30T09:00:10'), note(3, '30T09:00:20')]
  const keys = [1, 2].map(
    count => lay(said, { notes: notes.slice(0, count), whole: { start: true, end: true } }).at(-1)?.key,
  )
  t.equal(keys[0], keys[1])
})

test('the page takes the same events for notes as the server', async t => {
  t.strictSame([...NOTE_TYPES].sort(), [...noteTypes].sort())
})
