import { test } from 'tap'
import { originOf, parseFrame } from '../../../plugins/ws/parse.js'
import { errors } from '../../../schemas/error.js'
import { clientFrames } from '../../../schemas/frame.js'

const send = { type: 'send', room_id: 'default', client_id: 'c1', text: 'hi' }

test('a frame that is not a JSON object with a type is malformed', async t => {
  for (const data of ['', '{', 'null', '[]', '1', '"send"', '{}', '{"type":1}', '{"type":null}']) {
    t.throws(() => parseFrame(data), { code: 'MALFORMED_FRAME' }, data)
  }
})

test('an invalid frame of a known type gets a one-line error and does not close the socket', async t => {
  const wrong: [object, string][] = [
    [{ ...send, text: undefined }, "send: must have required property 'text'"],
    [{ ...send, text: '' }, 'send: text must NOT have fewer than 1 characters'],
    [{ ...send, extra: 1 }, 'send: extra must NOT have additional properties'],
    [{ ...send, client_id: 'a b' }, 'send: client_id must match pattern'],
    [{ ...send, text: { $gt: '' } }, 'send: text must be string'],
    [{ ...send, reply_to: '1' }, 'send: reply_to must be integer'],
    [{ ...send, reply_to: 2 ** 53 }, 'send: reply_to must be <= 9007199254740991'],
    [{ type: 'subscribe', room_id: 'x', after: -1 }, 'subscribe: after must be >= 0'],
    [{ type: 'constructor' }, 'Unknown frame type'],
  ]
  for (const [frame, message] of wrong) {
    t.throws(() => parseFrame(JSON.stringify(frame)), { code: 'BAD_FRAME' }, JSON.stringify(frame))
    try {
      parseFrame(JSON.stringify(frame))
    } catch (error) {
      t.match((error as Error).message, message)
    }
  }
  t.throws(() => parseFrame('{"type":"ping","__proto__":{"x":1}}'), errors.BadFrame)
})

test('text is kept unchanged and counted in code points', async t => {
  const texts = [' a ', '안녕', '😀'.repeat(2000), 'a\nb', '<b>', 'a\u200b']
  for (const text of texts) t.equal((parseFrame(JSON.stringify({ ...send, text })) as typeof send).text, text)
  for (const text of [' \n\t', '\u200b', '😀'.repeat(2001), 'a\u0000b']) {
    t.throws(() => parseFrame(JSON.stringify({ ...send, text })), errors.BadFrame)
  }
  t.throws(() => parseFrame('{"type":"send","room_id":"r","client_id":"c","text":"\\ud800"}'), errors.BadFrame)
})

test('every type of client frame has its own schema', async t => {
  for (const [type, schema] of Object.entries(clientFrames)) t.equal(schema.properties.type.const, type)
})

test('the answer to a rejected frame repeats the ids of its request, if it has any', async t => {
  t.same(originOf(send), { room_id: 'default', client_id: 'c1' })
  t.same(originOf({ room_id: 1, client_id: {} }), {})
  t.same(originOf({ room_id: 'x'.repeat(65) }), {})
  t.throws(() => parseFrame('{"type":"send","room_id":"r","client_id":"c"}'), {
    code: 'BAD_FRAME',
    origin: { room_id: 'r', client_id: 'c' },
  })
})
