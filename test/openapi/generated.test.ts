import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from 'tap'
import { generate } from '../../openapi/generate.js'

const top = new URL('../../../', import.meta.url)

test('what is made from the code is as the code is now', async t => {
  for (const [path, text] of Object.entries(await generate())) {
    t.equal(readFileSync(new URL(path, top), 'utf8'), text, `${path} is made by npm run openapi`)
  }
})

for (const name of ['openapi.yaml', 'asyncapi.yaml']) {
  test(`${name} has nothing that Redocly complains about`, async t => {
    const cli = fileURLToPath(new URL('node_modules/@redocly/cli/bin/cli.js', top))
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
    const args = [cli, 'lint', '--config=openapi/redocly.yaml', '--format=stylish', `openapi/${name}`]
    await t.resolves(
      promisify(execFile)(process.execPath, args, { cwd: fileURLToPath(top), env }).catch(({ stdout, stderr }) => {
        throw new Error(`${stdout}${stderr}`)
      }),
    )
  })
}
