import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Config } from '../../../schemas/config.js'
import { type Finding, fail, ok } from './finding.js'

/** How long the process that uses the port may take to answer. */
const ANSWER_MS = 2000

export async function checkPort(config: Config & { HOST: string }): Promise<Finding> {
  const { HOST: host, PORT: port } = config
  const probe = createServer()
  try {
    probe.listen(port, host)
    await once(probe, 'listening')
    return ok('port', port === 0 ? 'any free port' : `${port} on ${host} is free`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      if (await isOurs(config)) return ok('port', `this server already listens on port ${port} of ${host}`)
      return fail(
        'port',
        `PORT ${port} on ${host} is in use by another program`,
        'Stop that program, or set another PORT',
      )
    }
    if (code === 'EACCES') {
      return fail('port', `this user cannot listen on PORT ${port}`, 'Set a PORT above 1023 and put a proxy in front')
    }
    return fail(
      'port',
      `HOST ${host} is not an address of this machine`,
      'Set HOST to an address of this machine, or to 0.0.0.0 for all of them',
    )
  } finally {
    probe.close()
  }
}

async function isOurs({ HOST, PORT, TLS_CERT_FILE }: Config & { HOST: string }): Promise<boolean> {
  // The certificate is rarely valid for this address, so a TLS port in use cannot be identified.
  if (TLS_CERT_FILE !== undefined) return false
  const host = HOST === '0.0.0.0' || HOST === '::' ? 'localhost' : HOST.includes(':') ? `[${HOST}]` : HOST
  try {
    const answer = await fetch(`http://${host}:${PORT}/health`, { signal: AbortSignal.timeout(ANSWER_MS) })
    return ((await answer.json()) as { status?: unknown }).status === 'ok'
  } catch {
    return false
  }
}
