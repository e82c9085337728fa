import type { Test } from 'tap'
import { eventually } from './eventually.js'
import { freePort } from './port.js'
import { type RedisServer, type RedisServers, startRedis, startRedisOn } from './redis.js'

/** A master, a replica, and a Sentinel that promotes the replica a second after the master has failed. */
export async function startSentinel(t: Test): Promise<RedisServers & { sentinel: RedisServer }> {
  const port = await freePort()
  const master = await startRedis(t)
  const conf = `port ${port}
bind 127.0.0.1
sentinel monitor talkie 127.0.0.1 ${master.port} 1
sentinel down-after-milliseconds talkie 1000
sentinel failover-timeout talkie 3000
`
  // A replica stores the snapshot from its master in a file.
  const folder = t.testdir({ replica: {}, 'sentinel.conf': conf })
  const of_master = ['--replicaof', '127.0.0.1', `${master.port}`]
  const replica = await startRedis(t, ...of_master, '--dir', `${folder}/replica`)
  const isLinked = async () => /master_link_status:up/.test(await replica.admin().info('replication'))
  await eventually(isLinked)
  const sentinel = await startRedisOn(t, port, { conf: `${folder}/sentinel.conf`, args: ['--sentinel'] })
  // Sentinel must know the replica before it can promote it.
  await eventually(
    async () => ((await sentinel.admin().call('SENTINEL', 'REPLICAS', 'talkie')) as unknown[]).length === 1,
  )
  const nodes = [master, replica]
  return {
    env: { REDIS_ADDR: `redis://127.0.0.1:${port}?sentinel=talkie` },
    nodes,
    sentinel,
    async kill() {
      await Promise.all(nodes.map(node => node.kill()))
    },
    async start() {
      await Promise.all(nodes.map(node => node.start()))
      await eventually(isLinked)
    },
  }
}
