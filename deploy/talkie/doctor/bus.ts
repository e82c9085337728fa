import { readRedisAddress } from '../../../plugins/config/redis-address.js'
import { openConnection, type RedisConnection } from '../../../plugins/redis/connection.js'
import type { Config } from '../../../schemas/config.js'
import { checkDrift } from './clock-drift.js'
import { type Finding, fail, type Machine, ok, reason, warn } from './finding.js'

const silent = { debug() {}, info() {}, warn() {} }

/** Checks the bus between servers: whether Redis delivers a message that this process publishes to itself. */
export async function checkBus(config: Config, machine: Machine): Promise<Finding[]> {
  const address = readRedisAddress(config)
  if (address === null) {
    if (config.MONGODB_URI === undefined) return [ok('bus', 'in-process: no Redis needed for one server')]
    const message = 'no REDIS_ADDR: messages would reach a second server up to 5 s late'
    return [warn('bus', message, 'Set REDIS_ADDR if more than one server runs')]
  }
  let connection: RedisConnection | undefined
  try {
    const opened = await openConnection(address, silent)
    connection = opened
    if (opened.state === 'down') throw new Error(opened.failure ?? 'connected, but it delivers no messages')
    const ask = async () => {
      const [seconds, microseconds] = (await opened.run(redis => redis.time())) as unknown[]
      return Number(seconds) * 1000 + Number(microseconds) / 1000
    }
    return [ok('bus', `Redis (${opened.kind}) delivers messages`), await checkDrift('bus', machine, ask)]
  } catch (error) {
    const fix = 'Check REDIS_ADDR, REDIS_PASSWORD, that Redis runs, and the network. Servers run without it, but slower'
    return [fail('bus', `Redis at ${address.description} is not usable: ${reason(error)}`, fix)]
  } finally {
    connection?.close()
  }
}
