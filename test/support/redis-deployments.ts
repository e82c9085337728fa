import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { makeCertificate, opensslMissing } from './certificate.js'
import { freePort } from './port.js'
import { type RedisServers, redisMissing, startRedis, startRedisOn } from './redis.js'
import { startCluster } from './redis-cluster.js'
import { startSentinel } from './redis-sentinel.js'

const PASSWORD = 'open: sesame/@?'
/** The minimal ACL rules that a server needs. */
const RIGHTS = ['~*', '&*', '+@all', '-@admin', '-@dangerous', '+info', '+cluster']

/** A Redis that requires TLS and the user `talkie`, which has minimal rights. */
export async function startSecureRedis(t: Test): Promise<RedisServers> {
  const port = await freePort()
  const { TLS_CERT_FILE, TLS_KEY_FILE } = makeCertificate(t)
  const tls = ['--port', '0', '--tls-port', `${port}`, '--tls-cert-file', TLS_CERT_FILE, '--tls-key-file', TLS_KEY_FILE]
  const users = [
    '--user',
    'talkie',
    'on',
    `>${PASSWORD}`,
    ...RIGHTS,
    '--user',
    'admin',
    'on',
    '>admin',
    '~*',
    '&*',
    '+@all',
  ]
  const client = { tls: { ca: readFileSync(TLS_CERT_FILE) }, username: 'admin', password: 'admin' }
  const redis = await startRedisOn(t, port, {
    args: [...tls, '--tls-auth-clients', 'no', ...users, '--user', 'default', 'off'],
    client,
  })
  const REDIS_ADDR = `rediss://talkie:${encodeURIComponent(PASSWORD)}@localhost:${port}`
  return { ...redis, nodes: redis.nodes, env: { REDIS_ADDR, REDIS_TLS_CA_FILE: TLS_CERT_FILE } }
}

/** The supported ways to run Redis. */
export const deployments: { name: string; skip: string | false; start: (t: Test) => Promise<RedisServers> }[] = [
  { name: 'redis', skip: redisMissing, start: startRedis },
  { name: 'redis cluster', skip: redisMissing, start: startCluster },
  { name: 'redis behind Sentinel', skip: redisMissing, start: startSentinel },
  { name: 'redis over TLS with a user', skip: redisMissing || opensslMissing, start: startSecureRedis },
]
