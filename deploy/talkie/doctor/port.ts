import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Config } from '../../../schemas/config.js'
import { type Finding, fault, good } from './finding.js'

/** How long whoever holds the port may take to say who it is. */
const ANSWER_MS = 2000

export async function checkPort(config: Config & { HOST: string }): Promise<Finding> {
  const { HOST: host, PORT: port } = config
  const probe = createServer()
  try {
    probe.listen(port, host)
    await once(probe, 'listening')
    return good('port', port === 0 ? 'any free one' : `${port} of ${host} is free`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      if (await isOurs(config)) return good('port', `a server of this kind listens at ${port} of ${host}`)
      return fault('port', `PORT ${port} of ${host} is in use by another process`, 'End that one, or set another PORT')
    }
    if (code === 'EACCES') {
      return fault(
        'port',
        `PORT ${port} may not be opened by this user`,
        'Set a PORT over 1023, with a proxy before it',
      )
    }
    return fault(
      'port',
      `HOST ${host} is no address of this machine (${code})`,
      'Set HOST to one, or to 0.0.0.0 for all',
    )
  } finally {
    probe.close()
  }
}

async function isOurs({ HOST, PORT, TLS_CERT_FILE }: Config & { HOST: string }): Promise<boolean> {
  // A certificate is hardly ever one for this address, so with TLS that it listens must do.
  if (TLS_CERT_FILE !== undefined) return false
  const host = HOST === '0.0.0.0' || HOST === '::' ? 'localhost' : HOST.includes(':') ? `[${HOST}]` : HOST
  try {
    const answer = await fetch(`http://${host}:${PORT}/health`, { signal: AbortSignal.timeout(ANSWER_MS) })
    return ((await answer.json()) as { status?: unknown }).status === 'ok'
  } catch {
    return false
  }
}
