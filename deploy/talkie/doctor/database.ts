import { randomBytes } from 'node:crypto'
import { loadMongo } from '../../../plugins/store/index.js'
import type { Config } from '../../../schemas/config.js'
import { withDatabase } from '../database.js'
import { checkDrift } from './drift.js'
import { type Finding, fault, good, type Machine, note, reason } from './finding.js'

/** MongoDB as a server would find it. Servers may run on it meanwhile. */
export async function checkDatabase(config: Config, machine: Machine): Promise<Finding[]> {
  const findings: Finding[] = []
  try {
    const { sampleMongo } = await loadMongo()
    await withDatabase(config, async db => {
      const { version, expected, rooms, holes, isReplicated } = await sampleMongo(
        db,
        randomBytes(9).toString('base64url'),
      )
      if (version !== expected && version !== undefined) {
        const says = `database ${db.databaseName} has schema version ${version}, and this program reads ${expected} only`
        findings.push(
          fault('store', says, 'Run the version of the server that wrote it, or set another MONGODB_DATABASE'),
        )
      } else if (holes.length > 0) {
        const mend = 'Restore a backup, then talkie restore --epoch, and report this: it cannot come from the servers'
        findings.push(fault('store', `the log of room ${holes.join(', ')} has a hole`, mend))
      } else {
        findings.push(good('store', `MongoDB takes durable writes; the logs of ${rooms} rooms looked at have no hole`))
      }
      if (!isReplicated) {
        const mend = 'Make it a replica set, of three for a failover'
        findings.push(note('store', 'MongoDB is no replica set: while it is away there is no chat', mend))
      }
      const ask = async () => {
        const { localTime } = await db.admin().command({ hello: 1 })
        return localTime instanceof Date ? localTime.getTime() : machine.now()
      }
      findings.push(await checkDrift('store', machine, ask))
    })
  } catch (error) {
    const mend = 'Check MONGODB_URI, MONGODB_USER and MONGODB_PASSWORD, that it runs, and what lies between'
    findings.push(fault('store', reason(error), mend))
  }
  return findings
}
