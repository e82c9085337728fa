import { execFileSync } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { type Environment, readConfig } from '../../plugins/config/index.js'
import type { Command } from './command.js'
import { checkAddress } from './doctor/address.js'
import { checkBus } from './doctor/bus.js'
import { checkEmbedded } from './doctor/embedded.js'
import { type Finding, fail, type Machine, ok, reason } from './doctor/finding.js'
import { checkMongo } from './doctor/mongo.js'
import { checkPort } from './doctor/port.js'
import { checkClock, checkHosts, checkNode, checkOpenFiles, checkSecret, checkTls } from './doctor/process.js'

const thisMachine: Machine = {
  node_version: process.versions.node,
  now: Date.now,
  monotonic: () => performance.now(),
  async free_bytes(path) {
    const { bavail, bsize } = await statfs(path)
    return bavail * bsize
  },
  open_files() {
    // Node raises its own soft limit to the hard limit, and child processes inherit it.
    const limit = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim()
    return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit)
  },
}

export const doctor: Command = {
  summary: 'Check this machine and configuration, and say how to fix problems',
  operands: '',
  usageOptions: '[--url URL]',
  options: { url: { type: 'string' } },
  help: `Checks Node, the configuration, the secret, TLS files, the port, the open-file limit, the clock, the store (access, schema
version, free disk space, a sample of rooms) and Redis (access, round trip of a message, clock).

It changes nothing, and a server can keep running meanwhile. Run it as the server's user.

With --url, checks a running server from outside instead, at the address that users open: whether all proxies on the way
pass WebSockets and the headers Host and X-Forwarded-Proto. It can run on any machine.

Exit code 1 if a check fails; warnings do not count.`,
  async run(_positionals, { url }, { env, print }) {
    const findings = typeof url === 'string' ? await checkAddress(url) : await examine(env)
    for (const { state, subject, message, fix } of findings) {
      print(`${state.padEnd(5)}  ${subject.padEnd(7)} ${message}`)
      if (fix !== undefined) print(`${' '.repeat(15)}→ ${fix}`)
    }
    return findings.some(({ state }) => state === 'fail') ? 1 : 0
  },
}

/** Runs all checks. @param machine replaces the real one in tests */
export async function examine(env: Environment, machine: Machine = thisMachine): Promise<Finding[]> {
  const findings = [checkNode(machine), await checkClock(machine)]
  let config: ReturnType<typeof readConfig>
  try {
    config = readConfig(env)
  } catch (error) {
    const fix = 'Correct it and run this again: the other checks need it. docs/configuration.md lists every variable'
    return [...findings, fail('config', reason(error), fix)]
  }
  findings.push(ok('config', `all variables are valid (IS_DEV is ${config.IS_DEV})`))
  findings.push(
    checkSecret(config),
    checkTls(config, machine),
    checkHosts(config),
    checkOpenFiles(config, machine),
    await checkPort(config),
  )
  findings.push(
    ...(config.MONGODB_URI === undefined
      ? await checkEmbedded(config.DATA_DIR, machine)
      : await checkMongo(config, machine)),
  )
  findings.push(...(await checkBus(config, machine)))
  return findings
}
