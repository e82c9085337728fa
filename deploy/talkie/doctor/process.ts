import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { list } from '../../../plugins/config/index.js'
import { serverOptions } from '../../../plugins/config/server-options.js'
import type { Config } from '../../../schemas/config.js'
import { type Finding, fail, type Machine, ok, reason, warn } from './finding.js'

const NODE_MIN: [number, number] = [20, 19]
/** Open files other than sockets: the store, its journal, logs, libraries. */
const FILES_BESIDE = 200
/** A lower limit than this restricts a growing server. */
const OPEN_FILES_GOOD = 10_000
/** A random secret, even one of 32 hexadecimal digits, has at least this many different characters. */
const CHARACTERS_MIN = 10
const PLACEHOLDERS = /secret|change.?me|example|password|qwerty|12345|01234/i
const DAY_MS = 86_400_000
/** Certificates are usually renewed a month before they expire. */
const EXPIRY_WARN_DAYS = 14
/** How long the wall clock is compared with the monotonic one, and how far they may diverge in that time. */
const CLOCKS_MS = 300
const STEP_MAX_MS = 100
/** A clock that shows an earlier date was never set. */
const EARLIEST = Date.parse('2026-01-01')

export function checkNode({ node_version }: Machine): Finding {
  const [major = 0, minor = 0] = node_version.split('.').map(Number)
  const [least_major, least_minor] = NODE_MIN
  const isEnough = major > least_major || (major === least_major && minor >= least_minor)
  if (isEnough) return ok('node', node_version)
  return fail('node', `${node_version} is too old`, `Install Node ${NODE_MIN.join('.')} or later`)
}

export function checkSecret({ JWT_SECRET: secret, IS_DEV, DATA_DIR }: Config): Finding {
  if (secret === undefined)
    return ok('secret', `JWT_SECRET is not set: one is generated and kept in ${DATA_DIR} (IS_DEV is ${IS_DEV})`)
  if (new Set(secret).size >= CHARACTERS_MIN && !PLACEHOLDERS.test(secret)) return ok('secret', 'JWT_SECRET is set')
  const fix = 'Generate one: openssl rand -base64 32 (all users must log in again)'
  return fail('secret', 'JWT_SECRET is guessable: an attacker could log in as any user', fix)
}

export function checkTls(config: Config, { now }: Machine): Finding {
  const { TLS_CERT_FILE: file, IS_DEV, TRUST_PROXY } = config
  if (file === undefined) {
    if (IS_DEV === 'dev' || TRUST_PROXY !== undefined) return ok('tls', 'not enabled in this process')
    return warn(
      'tls',
      'neither TLS nor a trusted proxy is configured',
      'Set TLS_CERT_FILE and TLS_KEY_FILE, or TRUST_PROXY',
    )
  }
  try {
    serverOptions(config)
  } catch (error) {
    return fail('tls', reason(error), 'Set both to the files of one certificate, readable by the server’s user')
  }
  const { validFrom, validTo } = new X509Certificate(readFileSync(file))
  const days = Math.floor((Date.parse(validTo) - now()) / DAY_MS)
  if (days < 0) return fail('tls', `TLS_CERT_FILE expired on ${validTo}`, 'Renew the certificate')
  if (Date.parse(validFrom) > now()) {
    return fail('tls', `TLS_CERT_FILE is not valid before ${validFrom}`, 'Set the clock, or use another certificate')
  }
  if (days < EXPIRY_WARN_DAYS) return warn('tls', `TLS_CERT_FILE expires in ${days} days`, 'Renew the certificate')
  return ok('tls', `the certificate is valid for ${days} days`)
}

export function checkHosts({ ALLOWED_HOSTS }: Config): Finding {
  if (ALLOWED_HOSTS === undefined) return ok('hosts', 'any host name is answered: ALLOWED_HOSTS is not set')
  return ok('hosts', `only ${list(ALLOWED_HOSTS).join(', ')} is answered; other names get 421 HOST_REFUSED`)
}

export function checkOpenFiles({ MAX_SOCKETS_PER_ADDRESS: sockets }: Config, { open_files }: Machine): Finding {
  const limit = open_files()
  const fix = 'Raise it: LimitNOFILE=65536 in the systemd unit, ulimits in compose.yaml, or ulimit -n 65536'
  if (limit < sockets + FILES_BESIDE) {
    const wanted = `${sockets} sockets (MAX_SOCKETS_PER_ADDRESS) and ${FILES_BESIDE} files`
    return fail('files', `the open-file limit is ${limit}, fewer than ${wanted}`, fix)
  }
  if (limit < OPEN_FILES_GOOD) return warn('files', `the open-file limit is ${limit}, and every socket counts`, fix)
  return ok('files', `the open-file limit is ${limit}`)
}

/** Tokens, leases and certificates depend on the wall clock, so it must not jump. */
export async function checkClock({ now, monotonic }: Machine): Promise<Finding> {
  const fix = 'Synchronize the clock by NTP (timedatectl set-ntp true), adjusted gradually instead of in steps'
  /** The process may pause between any two of these: the wall clock was read between the two monotonic readings. */
  const read = () => ({ before: monotonic(), wall: now(), after: monotonic() })
  const first = read()
  const { wall } = first
  if (wall < EARLIEST) return fail('clock', `the clock was never set: it shows ${new Date(wall).toISOString()}`, fix)
  await new Promise(resolve => setTimeout(resolve, CLOCKS_MS))
  const last = read()
  const passed_ms = last.wall - wall
  const [least, most] = [last.before - first.after, last.after - first.before]
  const step_ms = Math.round(passed_ms - Math.min(most, Math.max(least, passed_ms)))
  if (Math.abs(step_ms) > STEP_MAX_MS) return fail('clock', `the clock jumped by ${step_ms} ms during this check`, fix)
  return ok('clock', new Date(wall).toISOString())
}
