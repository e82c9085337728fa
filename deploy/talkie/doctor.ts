import { execFileSync } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { type Environment, readConfig } from '../../plugins/config/index.js'
import type { Command } from './command.js'
import { checkBus } from './doctor/bus.js'
import { checkDatabase } from './doctor/database.js'
import { type Finding, fault, good, type Machine, reason } from './doctor/finding.js'
import { checkFolder } from './doctor/folder.js'
import { checkPort } from './doctor/port.js'
import { checkClock, checkNode, checkOpenFiles, checkSecret, checkTls } from './doctor/process.js'

const thisMachine: Machine = {
  node_version: process.versions.node,
  now: Date.now,
  monotonic: () => performance.now(),
  async free_bytes(path) {
    const { bavail, bsize } = await statfs(path)
    return bavail * bsize
  },
  open_files() {
    // Node raises its own limit as far as it may; what it starts has that limit too.
    const said = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim()
    return said === 'unlimited' ? Number.POSITIVE_INFINITY : Number(said)
  },
}

export const doctor: Command = {
  summary: 'Says what keeps the server from running well here, and how to mend it',
  operands: '',
  help: `Looks at Node, the configuration, the secret, TLS files, the port, the limit of open files, the clock, and the store and
the bus that are configured: whether they can be reached and written, their version, a sample of logs, the disk, their
clocks. It leaves all as it was; a server may run meanwhile. Run it as the server's user. Exit code 1 where there is a fault.`,
  async run(_positionals, _values, { env, say }) {
    const findings = await examine(env)
    for (const { state, subject, says, mend } of findings) {
      say(`${state.padEnd(5)}  ${subject.padEnd(7)} ${says}`)
      if (mend !== undefined) say(`${' '.repeat(15)}→ ${mend}`)
    }
    return findings.some(({ state }) => state === 'fault') ? 1 : 0
  },
}

/** @param machine in place of this one */
export async function examine(env: Environment, machine: Machine = thisMachine): Promise<Finding[]> {
  const findings = [checkNode(machine), await checkClock(machine)]
  let config: ReturnType<typeof readConfig>
  try {
    config = readConfig(env)
  } catch (error) {
    const mend = 'Set it right and run this again: all else depends on it; docs/configuration.md lists every variable'
    return [...findings, fault('config', reason(error), mend)]
  }
  findings.push(good('config', `every variable is understood (IS_DEV is ${config.IS_DEV})`))
  findings.push(
    checkSecret(config),
    checkTls(config, machine),
    checkOpenFiles(config, machine),
    await checkPort(config),
  )
  findings.push(
    ...(config.MONGODB_URI === undefined
      ? await checkFolder(config.DATA_DIR, machine)
      : await checkDatabase(config, machine)),
  )
  findings.push(...(await checkBus(config, machine)))
  return findings
}
