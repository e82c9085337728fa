import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Test } from 'tap'
import { temporaryFolder } from './application.js'
import { programMissing } from './missing.js'

/** Why tests with certificates cannot run here; false if they can. */
export const opensslMissing = programMissing('openssl', 'version')

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })

/**
 * Creates a key and a self-signed certificate for localhost and the loopback addresses.
 * @param days validity in days; a negative value makes an expired certificate
 */
export function makeCertificate(t: Test, days = 2) {
  const folder = temporaryFolder(t)
  const [TLS_CERT_FILE, TLS_KEY_FILE] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const request = join(folder, 'request.pem')
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=localhost']
  const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1']
  openssl('req', '-new', ...kind, ...names, '-keyout', TLS_KEY_FILE, '-out', request)
  const signing = ['-signkey', TLS_KEY_FILE, '-days', String(days), '-copy_extensions', 'copy']
  openssl('x509', '-req', '-in', request, ...signing, '-out', TLS_CERT_FILE)
  return { TLS_CERT_FILE, TLS_KEY_FILE }
}
