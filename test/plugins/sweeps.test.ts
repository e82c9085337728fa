import { test } from 'tap'
import { startSweeps } from '../../plugins/sweeps.js'

test('sweeps run one after the other, a failed one is told, and closing waits for the one under way', async t => {
  const running: (() => void)[] = []
  const told: unknown[] = []
  let most = 0
  let stopping = false
  const sweeps = startSweeps({
    every_ms: 60_000,
    async work(now, isClosed) {
      if (now === 0) throw new Error('failed')
      await new Promise<void>(resolve => {
        most = Math.max(most, running.push(resolve))
      })
      running.pop()
      stopping = isClosed()
    },
    failed: error => told.push(error),
  })
  await sweeps.sweep(0)
  t.match(told, [{ message: 'failed' }])
  const [first, second] = [sweeps.sweep(1), sweeps.sweep(2)]
  running[0]?.()
  await first
  running[0]?.()
  await second
  t.equal(most, 1)

  const last = sweeps.sweep(3)
  const closing = sweeps.close()
  running[0]?.()
  await closing
  await last
  t.ok(stopping, 'work learns that it is to stop')
  await sweeps.sweep(4)
  t.equal(running.length, 0, 'none begins after the end')
})
