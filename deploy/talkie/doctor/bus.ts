import { randomUUID } from 'node:crypto'
import { connect, within } from '../../../plugins/redis/connection.js'
import { addressOf } from '../../../plugins/redis/index.js'
import type { Config } from '../../../schemas/config.js'
import { checkDrift } from './clock-drift.js'
import { type Finding, fail, type Machine, ok, reason, warn } from './finding.js'

/** How long a command or a message to ourselves may take. */
const BACK_MS = 2000

/** Checks the bus between servers by a message to ourselves. */
export async function checkBus(config: Config, machine: Machine): Promise<Finding[]> {
  const address = addressOf(config)
  if (address === null) {
    if (config.MONGODB_URI === undefined) return [ok('bus', 'in-process: no Redis needed for one server')]
    const message = 'no REDIS_ADDR: messages would reach a second server up to 5 s late'
    return [warn('bus', message, 'Set REDIS_ADDR if more than one server runs')]
  }
  let back = () => {}
  const received = new Promise<void>(resolve => {
    back = resolve
  })
  let connection: Awaited<ReturnType<typeof connect>> | undefined
  try {
    const opened = await connect(address, () => back())
    connection = opened
    const channel = `doctor:${randomUUID()}`
    await within(BACK_MS, opened.subscribe([channel]))
    await within(BACK_MS, opened.publish(channel, Buffer.from('x')))
    await within(BACK_MS, received)
    const ask = async () => {
      const [seconds, microseconds] = (await within(BACK_MS, opened.commands.time())) as unknown[]
      return Number(seconds) * 1000 + Number(microseconds) / 1000
    }
    return [ok('bus', `Redis (${opened.kind}) delivers messages`), await checkDrift('bus', machine, ask)]
  } catch (error) {
    const fix = 'Check REDIS_ADDR, REDIS_PASSWORD, that Redis runs, and the network. Servers run without it, but slower'
    return [fail('bus', `Redis at ${config.REDIS_ADDR} is not usable: ${reason(error)}`, fix)]
  } finally {
    connection?.close()
  }
}
