import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { build, register } from '../../support/application.js'
import { eventually } from '../../support/eventually.js'
import { mongoMissing, startMongo } from '../../support/services.js'

/** Sums the lines of a metric, by the values of a label. */
async function figures(fastify: FastifyInstance, metric: string, label: string): Promise<Record<string, number>> {
  const text = await fastify.metrics.metrics()
  const sums: Record<string, number> = {}
  for (const [, labels, value] of text.matchAll(new RegExp(`^${metric}\\{(.*)\\} (\\S+)$`, 'gm'))) {
    const [, name = ''] = new RegExp(`${label}="([^"]*)"`).exec(labels as string) ?? []
    sums[name] = (sums[name] ?? 0) + Number(value)
  }
  return sums
}

test('commits of the embedded store are timed, and it has no connections', async t => {
  const fastify = await build(t)
  const before = await figures(fastify, 'talkie_store_seconds_count', 'operation')
  await register(fastify, 'minji')
  const after = await figures(fastify, 'talkie_store_seconds_count', 'operation')
  t.same(Object.keys(after), ['commit'])
  t.ok((after.commit as number) > (before.commit as number))
  t.ok(((await figures(fastify, 'talkie_store_seconds_sum', 'operation')).commit as number) > 0)
  t.same(await figures(fastify, 'talkie_store_connections', 'state'), { open: 0, in_use: 0, waiting: 0 })
})

test('commands of MongoDB are timed by name and outcome, and its connections counted', {
  skip: mongoMissing(),
}, async t => {
  const database = await startMongo()
  t.teardown(() => database.stop())
  const env = { MONGODB_URI: database.uri, MONGODB_DATABASE: `talkie_${randomUUID().slice(0, 8)}` }
  const fastify = await build(t, { ...env, MONGODB_TIMEOUT_MS: '1000' })
  await register(fastify, 'minji')
  const commands = await figures(fastify, 'talkie_store_seconds_count', 'operation')
  for (const name of ['find', 'insert']) t.ok((commands[name] as number) > 0, name)
  const states = () => figures(fastify, 'talkie_store_connections', 'state')
  t.ok(((await states()).open as number) > 0)
  await eventually(async () => {
    const { in_use, waiting } = await states()
    return in_use === 0 && waiting === 0
  })
  if (database.ours === null) return
  await database.ours.kill()
  await t.rejects(fastify.store.readUser('minji'))
  await eventually(async () => {
    const { open, in_use } = await states()
    return open === 0 && in_use === 0
  })
})
