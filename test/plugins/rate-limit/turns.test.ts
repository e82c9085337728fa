import { test } from 'tap'
import { createTurns } from '../../../plugins/rate-limit/turns.js'

for (const running_max of [1, 2]) {
  test(`of each key ${running_max} run at a time, three wait, more are refused`, async t => {
    const inTurn = createTurns({ running_max, waiting_max: 3, refusal: () => new Error('too many') })
    const started: number[] = []
    const ends: (() => void)[] = []
    const work = (n: number) => () => {
      started.push(n)
      return new Promise<number>(resolve => {
        ends[n] = () => resolve(n)
      })
    }
    const numbers = Array.from({ length: running_max + 3 }, (_, n) => n)
    const running = numbers.map(n => inTurn('minji', work(n)))
    await t.rejects(inTurn('minji', work(98)), { message: 'too many' })
    const other = inTurn('seojun', work(99))
    t.strictSame(started, [...numbers.slice(0, running_max), 99], 'another key does not wait')
    ends[99]?.()
    t.equal(await other, 99)
    for (const n of numbers) {
      t.equal(started.length, Math.min(n + running_max, numbers.length) + 1)
      ends[n]?.()
      t.equal(await running[n], n)
    }
    t.strictSame(started, [...numbers.slice(0, running_max), 99, ...numbers.slice(running_max)])
    const failing = Array.from({ length: running_max }, () =>
      inTurn('minji', async () => {
        throw new Error('failed')
      }),
    )
    const next = inTurn('minji', async () => 'done')
    for (const each of failing) await t.rejects(each, { message: 'failed' })
    t.equal(await next, 'done', 'failed work gives way to the next')
  })
}
