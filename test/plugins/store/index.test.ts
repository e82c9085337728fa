import { execFileSync } from 'node:child_process'
import Fastify from 'fastify'
import fp from 'fastify-plugin'
import { type Test, test } from 'tap'
import store from '../../../plugins/store/index.js'
import type { Config } from '../../../schemas/config.js'
import { temporaryFolder } from '../../support/application.js'

function build(t: Test, config: Partial<Config>) {
  const DATA_DIR = temporaryFolder(t)
  const app = Fastify()
  app.register(
    fp(async fastify => void fastify.decorate('config', { DATA_DIR, ...config } as never), { name: 'config' }),
  )
  app.register(store)
  return app
}

test('without MONGODB_URI the store is a file in DATA_DIR', async t => {
  const app = build(t, {})
  await app.ready()
  t.match(app.store.description, /^embedded in .*talkie\.db$/)
  await app.store.ping()
  await app.close()
})

test('the store closes after what uses it', async t => {
  const app = build(t, {})
  let head: number | undefined
  app.register(
    fp(
      async fastify => {
        fastify.addHook('onClose', async () => {
          head = await fastify.store.readHead('r')
        })
      },
      { name: 'user', dependencies: ['store'] },
    ),
  )
  await app.ready()
  await app.close()
  t.equal(head, 0)
  await t.rejects(app.store.ping(), { code: 'STORE_UNAVAILABLE' })
})

test('a configured store that is unreachable fails the start', async t => {
  const app = build(t, { MONGODB_URI: 'mongodb://127.0.0.1:1', MONGODB_TIMEOUT_MS: 100 })
  await t.rejects(async () => {
    await app.ready()
  }, /MONGODB_URI/)
  await app.close()
})

test('a database’s driver is loaded only if that database is used', async t => {
  const index = new URL('../../../plugins/store/index.js', import.meta.url)
  /** Which of the drivers a process has loaded after some statements. */
  const loaded = (statements: string) => {
    const script = `
      import { createRequire } from 'node:module'
      const store = await import('${index}')
      ${statements}
      const files = Object.keys(createRequire('${index}').cache)
      console.log(['libsql', 'mongodb'].filter(name => files.some(file => file.includes('/node_modules/' + name + '/'))).join())`
    return execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).trim()
  }
  t.equal(loaded(''), '')
  t.equal(loaded('await store.loadEmbedded()'), 'libsql')
  t.equal(loaded('await store.loadMongo()'), 'mongodb')
})
