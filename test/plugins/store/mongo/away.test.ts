import { test } from 'tap'
import { build } from '../../../support/application.js'
import { freePort } from '../../../support/port.js'

test('a server whose database does not respond fails to start, with one line that omits the password', async t => {
  const MONGODB_URI = `mongodb://ann:secret@127.0.0.1:${await freePort()}/`
  const starting = build(t, { MONGODB_URI, MONGODB_TIMEOUT_MS: '100' })
  const error = await starting.then(
    () => t.fail('it started'),
    (error: Error) => error,
  )
  t.match(error, { message: /^The database of MONGODB_URI does not answer: [^\n]+$/ })
  t.notMatch(`${(error as Error).message}`, /secret/)
})
