import { randomUUID } from 'node:crypto'
import { connect, within } from '../../../plugins/redis/connection.js'
import { addressOf } from '../../../plugins/redis/index.js'
import type { Config } from '../../../schemas/config.js'
import { checkDrift } from './drift.js'
import { type Finding, fault, good, type Machine, note, reason } from './finding.js'

/** How long a message to ourselves may be under way. */
const BACK_MS = 2000

/** The bus between servers: whether what is said to it comes back. */
export async function checkBus(config: Config, machine: Machine): Promise<Finding[]> {
  const address = addressOf(config)
  if (address === null) {
    if (config.MONGODB_URI === undefined) return [good('bus', 'in this process')]
    const says = 'no REDIS_ADDR: a second server would hear of messages up to 5 s late'
    return [note('bus', says, 'Set REDIS_ADDR where more than one server runs')]
  }
  let back = () => {}
  const cameBack = new Promise<void>(resolve => {
    back = resolve
  })
  let connection: Awaited<ReturnType<typeof connect>> | undefined
  try {
    const opened = await connect(address, () => back())
    connection = opened
    const channel = `doctor:${randomUUID()}`
    await within(BACK_MS, opened.subscribe([channel]))
    await within(BACK_MS, opened.publish(channel, Buffer.from('x')))
    await within(BACK_MS, cameBack)
    const ask = async () => {
      const [seconds, microseconds] = (await within(BACK_MS, opened.commands.time())) as unknown[]
      return Number(seconds) * 1000 + Number(microseconds) / 1000
    }
    return [good('bus', `Redis (${opened.kind}) brings messages back`), await checkDrift('bus', machine, ask)]
  } catch (error) {
    const mend =
      'Check REDIS_ADDR and REDIS_PASSWORD, that it runs, and what lies between; the server runs without, slower'
    return [fault('bus', `Redis at ${config.REDIS_ADDR} does not serve: ${reason(error)}`, mend)]
  } finally {
    connection?.close()
  }
}
