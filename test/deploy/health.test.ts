import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import { makeCertificate, opensslMissing } from '../support/certificate.js'
import { freePort } from '../support/port.js'
import { start, top } from '../support/process.js'
import { sample } from '../support/repeat.js'

const hasIpv6 = Object.values(networkInterfaces()).some(all => all?.some(({ address }) => address === '::1'))

/** The exit code of the container's health check. */
async function check(env: Record<string, string>): Promise<number> {
  const child = spawn(process.execPath, [join(top, 'build/deploy/health.js')], { env, stdio: 'ignore' })
  return (await once(child, 'exit'))[0]
}

test('the health check asks the address that the server listens on', async t => {
  // An address other than 127.0.0.1 shows that it is not simply the default that answers.
  const hosts = [undefined, '127.0.0.1', '127.0.0.2', '0.0.0.0', 'localhost', ...(hasIpv6 ? ['::1', '::'] : [])]
  for (const host of sample(hosts, 2)) {
    const env = { PORT: String(await freePort()), ...(host !== undefined && { HOST: host }) }
    t.equal(await check(env), 1, `${host}: unhealthy before the start`)
    const server = start(t, ['build/server.js'], env)
    await server.says(/listening at/)
    t.equal(await check(env), 0, `${host}: healthy`)
    if (host === '127.0.0.2') t.equal(await check({ ...env, HOST: ' ' }), 1, 'not at another address')
    server.child.kill('SIGKILL')
    await server.ended
    t.equal(await check(env), 1, `${host}: unhealthy after the end`)
  }
})

test('the health check speaks TLS if the server does, without trusting its certificate', {
  skip: opensslMissing,
}, async t => {
  const env = { PORT: String(await freePort()), ...makeCertificate(t) }
  const server = start(t, ['build/server.js'], env)
  await server.says(/listening at https/)
  t.equal(await check(env), 0)
  t.equal(await check({ PORT: env.PORT }), 1, 'not without TLS')
})
