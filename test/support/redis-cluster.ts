import type { Test } from 'tap'
import { eventually } from './eventually.js'
import { freePort } from './port.js'
import { type RedisServer, type RedisServers, startRedis } from './redis.js'

const MASTERS = 3
const SLOTS = 16_384

/** A Redis Cluster of three masters and their replicas. REDIS_ADDR names the first only. @param replicas per master */
export async function startCluster(t: Test, replicas = 0): Promise<RedisServers> {
  const count = MASTERS * (1 + replicas)
  // Each node stores the nodes that it knows in a file, so that it finds them again after a restart.
  const folder = t.testdir(Object.fromEntries(Array.from({ length: count }, (_, n) => [`node-${n}`, {}])))
  const nodes: RedisServer[] = []
  const bus_ports: number[] = []
  for (let n = 0; n < count; n++) {
    // By default the cluster bus uses the port plus 10,000, which may exceed 65,535.
    const bus_port = await freePort()
    const args = ['--cluster-enabled', 'yes', '--cluster-port', `${bus_port}`, '--cluster-announce-ip', '127.0.0.1']
    nodes.push(await startRedis(t, ...args, '--cluster-node-timeout', '2000', '--dir', `${folder}/node-${n}`))
    bus_ports.push(bus_port)
  }
  const [first] = nodes as [RedisServer]
  for (const [n, node] of nodes.entries()) {
    const [from, to] = [Math.ceil((n * SLOTS) / MASTERS), Math.ceil(((n + 1) * SLOTS) / MASTERS) - 1]
    await node.admin().cluster('SET-CONFIG-EPOCH', n + 1)
    if (n < MASTERS) await node.admin().cluster('ADDSLOTSRANGE', from, to)
    if (node !== first) await first.admin().call('CLUSTER', 'MEET', '127.0.0.1', node.port, bus_ports[n] as number)
  }
  await allSay(nodes, `cluster_known_nodes:${count}`)
  for (const [n, node] of nodes.slice(MASTERS).entries()) {
    const master = (await nodes[n % MASTERS]?.admin().cluster('MYID')) as string
    await node.admin().cluster('REPLICATE', master)
  }
  await allSay(nodes, 'cluster_state:ok')
  return {
    env: first.env,
    nodes,
    async kill() {
      await Promise.all(nodes.map(node => node.kill()))
    },
    async start() {
      await Promise.all(nodes.map(node => node.start()))
      await allSay(nodes, 'cluster_state:ok')
    },
  }
}

/** Resolves when the CLUSTER INFO of every node contains the line. */
export async function allSay(nodes: RedisServer[], line: string) {
  for (const node of nodes) {
    const info = async () =>
      String(
        await node
          .admin()
          .cluster('INFO')
          .catch(() => ''),
      )
    await eventually(async () => (await info()).includes(line))
  }
}
