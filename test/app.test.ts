import { test } from 'tap'
import { options } from '../app.js'
import { PASSWORD } from './support/application.js'
import { start } from './support/process.js'

test('fastify start on the compiled application serves the same as server.ts', async t => {
  const cli = ['node_modules/fastify-cli/cli.js', 'start', '-a', '127.0.0.1', '-o', '-l', 'info', 'build/app.js']
  const ready = { started: start(t, [...cli, '-p', '0', '-g', '20000']), served: start(t, ['build/server.js']) }
  const answers = []
  for (const { says, child, ended, written } of [ready.started, ready.served]) {
    const [, address] = await says(/listening at (http:\S+)/)
    await says(/Bus: memory/)
    const ask = async (path: string, init: RequestInit = {}) => {
      const answer = await fetch(`${address}${path}`, init)
      const { date: _, 'x-request-id': __, ...headers } = Object.fromEntries(answer.headers)
      return { status: answer.status, headers, body: await answer.text() }
    }
    const json = (body: string) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body })
    const registered = await ask('/auth/register', json(`{"username":"minji","password":"${PASSWORD}"}`))
    t.equal(registered.status, 201)
    answers.push([
      await ask('/health'),
      await ask('/ready'),
      await ask('/nothing'),
      await ask('/%zz'),
      await ask('/auth/me'),
      await ask('/auth/login', json('{"username":1}')),
      await ask('/auth/login', json(JSON.stringify('x'.repeat(70_000)))),
    ])
    child.kill('SIGTERM')
    t.equal(await ended, 0)
    t.equal(written.err, '')
  }
  t.same(answers[0], answers[1])
  t.same(
    answers[0]?.map(({ status }) => status),
    [200, 200, 404, 400, 401, 400, 413],
  )
})

test('the options of the factory are exported', async t => {
  t.match(options, { bodyLimit: 64 * 1024, return503OnClosing: false })
})
