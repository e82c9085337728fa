import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { test } from 'tap'
import * as ws from 'ws'
import { encode } from '../../../bench/fuzz/frames.js'
import { stopAfterBrokenFrames } from '../../../plugins/ws/receiver.js'

stopAfterBrokenFrames()
stopAfterBrokenFrames()
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable }

test('what follows a broken frame in the buffer is dropped, and the error is reported once', async t => {
  const receiver = new Receiver({ allowSynchronousEvents: false, isServer: true })
  const messages: string[] = []
  receiver.on('message', data => messages.push(data.toString()))
  const errors: Error[] = []
  receiver.on('error', error => errors.push(error))
  const closed = once(receiver, 'close')
  receiver.write(encode(Buffer.from('whole')))
  receiver.write(encode(Buffer.from([0xff, 0xfe])))
  receiver.write(encode(Buffer.from('behind it')))
  await closed.catch(() => {})
  t.strictSame(messages, ['whole'])
  t.match(errors, [{ code: 'WS_ERR_INVALID_UTF8' }])
  t.equal(errors.length, 1)
})
