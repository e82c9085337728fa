import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { serverOptions } from '../../../plugins/config/server-options.js'
import type { Config } from '../../../schemas/config.js'
import { type Finding, fault, good, type Machine, note, reason } from './finding.js'

const NODE_MIN: [number, number] = [20, 19]
/** Files that are neither sockets nor many: the store, its journal, logs, libraries. */
const FILES_BESIDE = 200
/** What a server that grows should have. */
const OPEN_FILES_GOOD = 10_000
/** Different characters that a random secret has at least, be it of 32 hexadecimal digits only. */
const CHARACTERS_MIN = 10
const SAMPLES = /secret|change.?me|example|password|qwerty|12345|01234/i
const DAY_MS = 86_400_000
/** Renewals usually come a month before. */
const EXPIRY_NOTE_DAYS = 14
/** How long the two clocks are compared, and how far they may differ then. */
const CLOCKS_MS = 300
const STEP_MAX_MS = 100
/** No clock of a machine that runs this is before it. */
const EARLIEST = Date.parse('2026-01-01')

export function checkNode({ node_version }: Machine): Finding {
  const [major = 0, minor = 0] = node_version.split('.').map(Number)
  const [least_major, least_minor] = NODE_MIN
  const isEnough = major > least_major || (major === least_major && minor >= least_minor)
  if (isEnough) return good('node', node_version)
  return fault('node', `${node_version} is too old`, `Install Node ${NODE_MIN.join('.')} or later`)
}

export function checkSecret({ JWT_SECRET: secret, IS_DEV, DATA_DIR }: Config): Finding {
  if (secret === undefined) return good('secret', `none set: one is made and kept in ${DATA_DIR} (IS_DEV is ${IS_DEV})`)
  if (new Set(secret).size >= CHARACTERS_MIN && !SAMPLES.test(secret)) return good('secret', 'JWT_SECRET is set')
  const mend = 'Make one with: openssl rand -base64 32 (everybody logs in again)'
  return fault('secret', 'JWT_SECRET can be guessed, and whoever does is any user', mend)
}

export function checkTls(config: Config, { now }: Machine): Finding {
  const { TLS_CERT_FILE: file, IS_DEV, TRUST_PROXY } = config
  if (file === undefined) {
    if (IS_DEV === 'dev' || TRUST_PROXY !== undefined) return good('tls', 'not in this process')
    return note('tls', 'no TLS here, and no proxy is trusted', 'Set TLS_CERT_FILE and TLS_KEY_FILE, or TRUST_PROXY')
  }
  try {
    serverOptions(config)
  } catch (error) {
    return fault('tls', reason(error), 'Give both files of one certificate, readable for the server’s user')
  }
  const { validFrom, validTo } = new X509Certificate(readFileSync(file))
  const days = Math.floor((Date.parse(validTo) - now()) / DAY_MS)
  if (days < 0) return fault('tls', `TLS_CERT_FILE has expired (${validTo})`, 'Renew the certificate')
  if (Date.parse(validFrom) > now()) {
    return fault('tls', `TLS_CERT_FILE is not valid before ${validFrom}`, 'Set the clock, or take another certificate')
  }
  if (days < EXPIRY_NOTE_DAYS) return note('tls', `TLS_CERT_FILE expires in ${days} days`, 'Renew the certificate')
  return good('tls', `the certificate is good for ${days} days`)
}

export function checkOpenFiles({ MAX_SOCKETS_PER_ADDRESS: sockets }: Config, { open_files }: Machine): Finding {
  const limit = open_files()
  const mend = 'Raise it: LimitNOFILE=65536 in the systemd unit, ulimits in compose.yaml, or ulimit -n 65536'
  if (limit < sockets + FILES_BESIDE) {
    const wanted = `${sockets} sockets (MAX_SOCKETS_PER_ADDRESS) and ${FILES_BESIDE} files`
    return fault('files', `a process may open ${limit} files, fewer than ${wanted}`, mend)
  }
  if (limit < OPEN_FILES_GOOD) return note('files', `a process may open ${limit} files, a socket being one`, mend)
  return good('files', `a process may open ${limit} files`)
}

/** Tokens, leases and certificates go by the clock of the wall, waiting by the monotonic one. */
export async function checkClock({ now, monotonic }: Machine): Promise<Finding> {
  const mend = 'Have the machine’s clock kept by NTP (timedatectl set-ntp true), slewed and not stepped'
  /** The machine may stand still between any two of these: the clock was read at some moment between the two others. */
  const read = () => ({ before: monotonic(), wall: now(), after: monotonic() })
  const first = read()
  const { wall } = first
  if (wall < EARLIEST) return fault('clock', `the clock says ${new Date(wall).toISOString()}`, mend)
  await new Promise(resolve => setTimeout(resolve, CLOCKS_MS))
  const last = read()
  const passed_ms = last.wall - wall
  const [least, most] = [last.before - first.after, last.after - first.before]
  const step_ms = Math.round(passed_ms - Math.min(most, Math.max(least, passed_ms)))
  if (Math.abs(step_ms) > STEP_MAX_MS)
    return fault('clock', `the clock was set by ${step_ms} ms while it was watched`, mend)
  return good('clock', new Date(wall).toISOString())
}
