import type { Config } from '../../schemas/config.js'

/** Redis's address and credentials. */
export interface RedisAddress {
  /** A single node, several nodes of a cluster, or the Sentinels to ask for the master. */
  nodes: { host: string; port: number }[]
  /** Name of the monitored master, if the nodes are Sentinels. */
  sentinel_master?: string
  username?: string
  password?: string
  /** Password of the Sentinels themselves. */
  sentinel_password?: string
  db: number
  /** Null without TLS. `ca_file` holds the certificate authority (PEM); the default is those that Node.js trusts. */
  tls: { ca_file?: string } | null
  /** For logs: holds no user and no password. */
  description: string
}

const PORT = 6379
const SENTINEL_PORT = 26379

/** Scheme, credentials, hosts, database number, query. */
const URL_PARTS = /^(rediss?):\/\/(?:([^@/?]*)@)?([^@/?]+)(?:\/(\d*))?(?:\?([^?]*))?$/

/**
 * Reads REDIS_ADDR, whose formats `schemas/config.ts` describes, and the variables that belong to it.
 *
 * @returns null without REDIS_ADDR
 * @throws Error whose message is one sentence that names the variable and none of its values
 */
export function readRedisAddress(config: Config): RedisAddress | null {
  const { REDIS_ADDR, REDIS_PASSWORD, REDIS_DB, REDIS_TLS_CA_FILE, REDIS_SENTINEL_PASSWORD } = config
  if (REDIS_ADDR === undefined) return null
  const parts = URL_PARTS.exec(REDIS_ADDR.includes('://') ? REDIS_ADDR : `redis://${REDIS_ADDR}`)
  if (parts === null) throw new Error('REDIS_ADDR must be host:port, or a redis:// or rediss:// URL')
  const [, scheme, login = '', hosts = '', path = '', query = ''] = parts
  const sentinel_master = readQuery(query)
  const isSentinel = sentinel_master !== undefined
  const nodes = hosts.split(',').map(host => readNode(host, isSentinel ? SENTINEL_PORT : PORT))
  const db = path === '' ? REDIS_DB : Number(path)
  if (nodes.length > 1 && !isSentinel && db !== 0) {
    throw new Error('REDIS_DB must be 0 if REDIS_ADDR lists the nodes of a cluster, which has only one database')
  }
  const { username, password = REDIS_PASSWORD } = readLogin(login)
  const where = nodes.map(({ host, port }) => `${host}:${port}`).join(',')
  return {
    nodes,
    db,
    tls: scheme === 'rediss' ? { ...(REDIS_TLS_CA_FILE !== undefined && { ca_file: REDIS_TLS_CA_FILE }) } : null,
    description: isSentinel ? `master ${sentinel_master} of the Sentinels ${where}` : where,
    ...(isSentinel && { sentinel_master }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(REDIS_SENTINEL_PASSWORD !== undefined && { sentinel_password: REDIS_SENTINEL_PASSWORD }),
  }
}

function readNode(text: string, default_port: number) {
  const [, host = '', port = `${default_port}`] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+)(?::(\d+))?$/.exec(text) ?? []
  if (host === '' || Number(port) < 1 || Number(port) > 65_535) {
    throw new Error('REDIS_ADDR must list hosts as host:port, separated by commas')
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

function readLogin(text: string): { username?: string; password?: string } {
  const [, user = '', password] = /^([^:]*)(?::(.*))?$/.exec(text) as RegExpExecArray
  try {
    return {
      ...(user !== '' && { username: decodeURIComponent(user) }),
      ...(password !== undefined && { password: decodeURIComponent(password) }),
    }
  } catch {
    throw new Error('REDIS_ADDR must have user and password percent-encoded')
  }
}

function readQuery(text: string): string | undefined {
  const query = new URLSearchParams(text)
  for (const [name, value] of query) {
    if (name !== 'sentinel' || value === '')
      throw new Error('REDIS_ADDR supports no query parameter except ?sentinel=MASTER')
  }
  return query.get('sentinel') ?? undefined
}
