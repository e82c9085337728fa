import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Test } from 'tap'
import { temporaryFolder } from './helper.js'

/** Why tests with certificates cannot run here; false where they can. */
export const opensslMissing: string | false = (() => {
  try {
    execFileSync('openssl', ['version'])
    return false
  } catch {
    if (process.env.CI) throw new Error('openssl is not installed, and in CI nothing may be skipped')
    return 'openssl is not installed'
  }
})()

/** A new pair for localhost and the loopback addresses, which has signed itself. */
export function makeCertificate(t: Test) {
  const folder = temporaryFolder(t)
  const [TLS_CERT_FILE, TLS_KEY_FILE] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const files = ['-keyout', TLS_KEY_FILE, '-out', TLS_CERT_FILE]
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1']
  execFileSync('openssl', [...kind, ...names, ...files], { stdio: 'ignore' })
  return { TLS_CERT_FILE, TLS_KEY_FILE }
}
