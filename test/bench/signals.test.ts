import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import { eventually } from '../support/eventually.js'
import { top, watch } from '../support/process.js'
import { redisMissing } from '../support/redis.js'
import { mongoMissing } from '../support/services.js'

/** Processes whose parent is `pid`. */
const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

function isRunning(pid: number) {
  try {
    // The state follows the name, which may hold spaces. A zombie has ended.
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.startsWith('Z')
  } catch {
    return false
  }
}

const noProc = process.platform === 'linux' ? false : 'needs /proc'

for (const [store, signal, skip] of [
  ['embedded', 'SIGTERM', noProc],
  ['mongo', 'SIGINT', noProc || mongoMissing() || redisMissing],
] as const) {
  test(`npm run faults on ${store}, interrupted by ${signal}, leaves no process and no folder behind`, {
    skip,
  }, async t => {
    const folder = mkdtempSync(join(tmpdir(), 'talkie-signals-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    // As npm runs it, without compiling once more under the other tests.
    const { scripts } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'))
    const command = `${scripts.faults.replace('tsc', 'true')} --store ${store} --seconds 600 --faults none`
    const child = spawn('sh', ['-c', command], {
      cwd: top,
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    const { says, ended } = watch(child)
    await says(/clients talk/)
    const started = childrenOf(child.pid as number)
    t.ok(started.length > 0)
    t.ok(readdirSync(folder).length > 0)
    child.kill(signal)
    t.equal(await ended, signal === 'SIGTERM' ? 143 : 130)
    await eventually(() => !started.some(isRunning))
    t.same(readdirSync(folder), [])
  })
}
