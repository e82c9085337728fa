import { randomBytes } from 'node:crypto'
import { loadMongo } from '../../../plugins/store/index.js'
import type { Config } from '../../../schemas/config.js'
import { withDatabase } from '../database.js'
import { checkDrift } from './clock-drift.js'
import { checkNames, type Finding, fail, type Machine, ok, reason, warn } from './finding.js'

/** Checks MongoDB as a server would use it. Servers can keep running on it. */
export async function checkMongo(config: Config, machine: Machine): Promise<Finding[]> {
  const findings: Finding[] = []
  try {
    const { sampleMongo } = await loadMongo()
    await withDatabase(config, async db => {
      const { version, expected, rooms, holes, isReplicated, reserved } = await sampleMongo(
        db,
        randomBytes(9).toString('base64url'),
      )
      if (version !== expected && version !== undefined) {
        const message = `database ${db.databaseName} has schema version ${version}, but this version needs ${expected}`
        findings.push(fail('store', message, 'Run the server version that wrote it, or set another MONGODB_DATABASE'))
      } else if (holes.length > 0) {
        const fix = 'Restore a backup, run talkie restore --epoch, and report this: servers never cause a gap'
        findings.push(fail('store', `events are missing in the log of room ${holes.join(', ')}`, fix))
      } else {
        findings.push(ok('store', `MongoDB accepts durable writes; no gaps in the logs of ${rooms} sampled rooms`))
      }
      findings.push(...checkNames(reserved))
      if (!isReplicated) {
        const fix = 'Make it a replica set; three members allow failover'
        findings.push(warn('store', 'MongoDB is not a replica set: chat stops while it is down', fix))
      }
      const ask = async () => {
        const { localTime } = await db.admin().command({ hello: 1 })
        return localTime instanceof Date ? localTime.getTime() : machine.now()
      }
      findings.push(await checkDrift('store', machine, ask))
    })
  } catch (error) {
    const fix = 'Check MONGODB_URI, MONGODB_USER, MONGODB_PASSWORD, that MongoDB runs, and the network'
    findings.push(fail('store', reason(error), fix))
  }
  return findings
}
