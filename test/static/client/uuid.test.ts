import { test } from 'tap'
import { uuidv7 } from '../../../static/client/index.js'

test('ids are UUIDv7 of the present time, each sorted after the one before, also within a millisecond', async t => {
  const before = Date.now()
  const ids = Array.from({ length: 20_000 }, uuidv7)
  const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  t.strictSame(
    ids.filter(id => !shape.test(id)),
    [],
  )
  t.strictSame([...ids].sort(), ids)
  t.equal(new Set(ids).size, ids.length)
  const time = Number.parseInt((ids[0] as string).replace('-', '').slice(0, 12), 16)
  t.ok(time >= before && time <= Date.now())
})
