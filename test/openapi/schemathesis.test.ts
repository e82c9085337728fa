import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { build, register, temporaryFolder } from '../support/application.js'
import { missing, runs } from '../support/missing.js'
import { top } from '../support/process.js'
import { mongoMissing, startMongo } from '../support/services.js'

/** Installed by `.ci/run`. */
const INSTALLED = join(top, '.cache/schemathesis/bin/schemathesis')
const program = existsSync(INSTALLED) ? INSTALLED : 'schemathesis'
const skip = missing(runs(program, '--version'), 'schemathesis')
/** Cases of each operation. For several thousand in all: SCHEMATHESIS_CASES=60. */
const CASES = Number(process.env.SCHEMATHESIS_CASES ?? 3)

/** Runs all checks on a server. @returns what it found, empty if nothing */
async function examine(t: Test, env: Record<string, string>): Promise<string> {
  const app = await build(t, env)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const { token } = await register(app, 'minji')
  const args = [
    `--config-file=${join(top, 'openapi/schemathesis.toml')}`,
    ...['run', `${url}/docs/openapi.yaml`, '--header', `Authorization: Bearer ${token}`],
    ...[`--max-examples=${CASES}`, '--seed=12', '--no-color', '--continue-on-failure'],
    // They would end the session of all other requests.
    ...['--exclude-operation-id', 'logout', '--exclude-operation-id', 'endSessionsOf'],
  ]
  const options = { cwd: temporaryFolder(t), maxBuffer: 2 ** 26 }
  return new Promise(resolve => {
    execFile(program, args, options, (error, stdout, stderr) => {
      const [summary = ''] = /^=+ SUMMARY[\s\S]*/m.exec(stdout) ?? []
      t.comment(summary)
      resolve(error ? `${stdout}${stderr}` : '')
    })
  })
}

test('no generated request gets an answer from the embedded store that openapi.yaml does not allow', {
  skip,
}, async t => {
  t.equal(await examine(t, {}), '')
})

test('no generated request gets an answer from MongoDB that openapi.yaml does not allow', {
  skip: skip || mongoMissing(),
}, async t => {
  const { uri, stop } = await startMongo()
  t.after(stop)
  t.equal(await examine(t, { MONGODB_URI: uri, MONGODB_DATABASE: `talkie_${randomUUID().slice(0, 8)}` }), '')
})
