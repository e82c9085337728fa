import { mock } from 'node:test'
import { test } from 'tap'
import { createTyping } from '../../../static/client/index.js'

test('typing expires 6 s after the last typing frame', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  const told: string[][] = []
  const typing = createTyping(names => told.push(names))
  typing.begin('minji')
  mock.timers.tick(5000)
  typing.begin('jun')
  typing.begin('minji')
  mock.timers.tick(5999)
  t.strictSame(told, [['minji'], ['minji', 'jun']])
  mock.timers.tick(1)
  t.strictSame(told.slice(2), [['minji'], []])
})

test('typing ends at once with the message, and for all users when the socket is lost', async t => {
  const told: string[][] = []
  const typing = createTyping(names => told.push(names))
  typing.begin('minji')
  typing.begin('jun')
  typing.end('minji')
  typing.end('minji')
  typing.clear()
  typing.clear()
  t.strictSame(told, [['minji'], ['minji', 'jun'], ['jun'], []])
})
