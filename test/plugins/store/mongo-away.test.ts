import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'tap'
import { build } from '../../helper.js'

test('a server whose database does not answer does not start, and says so in one line without the password', async t => {
  const nobody = createServer().listen(0, '127.0.0.1')
  await once(nobody, 'listening')
  const { port } = nobody.address() as { port: number }
  nobody.close()
  await once(nobody, 'close')
  const starting = build(t, { MONGODB_URI: `mongodb://ann:secret@127.0.0.1:${port}/` })
  const error = await starting.then(
    () => t.fail('it started'),
    (error: Error) => error,
  )
  t.match(error, { message: /^MONGODB_URI names a database that does not answer: [^\n]+$/ })
  t.notMatch(`${(error as Error).message}`, /secret/)
})
