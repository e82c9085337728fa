import root, { test } from 'tap'
import { register } from '../support/application.js'
import { eventually } from '../support/eventually.js'
import { skipLong } from '../support/repeat.js'
import { ask, fileDatabase, clusterMissing as skip, startServers } from '../support/servers.js'
import { addUsers } from '../support/users.js'

const database = await fileDatabase(root)

test('two servers that erase old messages at once append one event, and both show the same', { skip }, async t => {
  const cluster = await startServers(t, database, 2, { RETENTION_MESSAGES: '5', RATE_LIMIT_SENDS_PER_SECOND: '0' })
  const [here] = cluster.apps as [(typeof cluster.apps)[number]]
  const { headers } = await register(here, 'minji')
  for (let n = 0; n < 20; n++) {
    const sent = { method: 'POST', url: '/rooms/default/messages', headers, payload: { text: `line ${n}` } } as const
    t.equal((await ask(here, sent)).statusCode, 201)
  }
  await eventually(async () => {
    await Promise.all(cluster.apps.map(app => app.retention.sweep()))
    return (await here.store.readByType('default', 'emptied', { after: 0, limit: 10 })).length > 0
  })
  await Promise.all(cluster.apps.map(app => app.retention.sweep()))
  t.equal((await here.store.readByType('default', 'emptied', { after: 0, limit: 10 })).length, 1)
  for (const app of cluster.apps) {
    const page = (await ask(app, { url: '/rooms/default/messages', headers })).json()
    t.match(page, { emptied_seq: 16 })
    t.strictSame(
      page.messages.map(({ text }: { text: string }) => text),
      ['line 15', 'line 16', 'line 17', 'line 18', 'line 19'],
    )
    await eventually(async () => {
      const log = await app.store.readEvents('default', { after: 0, upto: 16, limit: 20 })
      return log.every(({ text }) => !text)
    })
  }
})

test('a server erases old messages within a minute if another one was killed while it did so', {
  skip: skip || skipLong,
}, async t => {
  const { apps } = await startServers(t, database, 1, { RETENTION_MESSAGES: '5' })
  const [app] = apps as [(typeof apps)[number]]
  await addUsers(app, 'minji')
  for (let n = 0; n < 6; n++) await app.messages.send('default', 'minji', { client_id: `${n}`, text: `line ${n}` })
  await app.retention.sweep()
  for (let n = 6; n < 9; n++) await app.messages.send('default', 'minji', { client_id: `${n}`, text: `line ${n}` })
  const emptied = async () => (await app.store.readByType('default', 'emptied', { after: 0, limit: 10 })).length
  const before = await emptied()
  t.equal(await app.store.takeLease('retention', 'a server that is killed now'), true)
  await app.retention.sweep()
  t.equal(await emptied(), before + 1)
})
