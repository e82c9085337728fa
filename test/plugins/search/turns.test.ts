import { test } from 'tap'
import { createTurns } from '../../../plugins/search/turns.js'

test('one piece of work of an account runs at a time, three wait, more are refused', async t => {
  const inTurn = createTurns()
  const ends: (() => void)[] = []
  const started: number[] = []
  const work = (n: number) => () => {
    started.push(n)
    return new Promise<number>(resolve => ends.push(() => resolve(n)))
  }
  const running = [1, 2, 3, 4].map(n => inTurn(n % 2 ? 'minji' : 'MinJi', work(n)))
  await t.rejects(inTurn('minji', work(5)), { code: 'RATE_LIMITED', retry_after_ms: 1000 })
  const other = inTurn('seojun', work(6))
  t.strictSame(started, [1, 6], 'another account does not wait')
  for (const n of [1, 6, 2, 3, 4]) {
    ends.shift()?.()
    await (n === 6 ? other : running[n - 1])
  }
  t.strictSame(started, [1, 6, 2, 3, 4])
  const failing = inTurn('minji', async () => {
    throw new Error('failed')
  })
  const next = inTurn('minji', async () => 'done')
  await t.rejects(failing, { message: 'failed' })
  t.equal(await next, 'done', 'failed work gives way to the next')
})
