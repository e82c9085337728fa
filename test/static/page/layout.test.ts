import { test } from 'tap'
import type { Message } from '../../../schemas/message.js'
import { layOut } from '../../../static/page/text/layout.js'

const say = (id: number, username: string, created_at: string, more: Partial<Message> = {}): Message => ({
  id,
  room_id: 'a',
  username,
  text: 'hi',
  created_at: `2026-01-${created_at}.000Z`,
  client_id: `c-${id}`,
  ...more,
})
const lines = (messages: Message[], unread_after = 0) =>
  layOut(messages, { day: time => time.slice(0, 10), unread_after, me: 'me' }).map(line =>
    line.kind === 'message' ? `${line.message.id}${line.starts_group ? ' starts_group' : ''}` : line.kind,
  )

test('one sender’s messages form a group for five minutes, never below another sender', async t => {
  t.strictSame(
    lines([
      say(1, 'a', '31T09:00:00'),
      say(2, 'a', '31T09:04:59'),
      say(3, 'b', '31T09:05:00'),
      say(4, 'a', '31T09:05:01'),
      say(5, 'a', '31T09:10:01'),
    ]),
    ['day', '1 starts_group', '2', '3 starts_group', '4 starts_group', '5 starts_group'],
  )
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
