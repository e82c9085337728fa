import { accessSync, constants, existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { reasonOf } from '../../../plugins/config/reason.js'
import { loadEmbedded, openToOthers } from '../../../plugins/store/index.js'
import { checkNames, type Finding, fail, type Machine, ok, reason, warn } from './finding.js'

const FREE_BYTES_MIN = 1024 ** 3
const gigabytes = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`

/** Checks the embedded store and its disk. A server can keep running on it. */
export async function checkEmbedded(dataDir: string, { free_bytes }: Machine): Promise<Finding[]> {
  const writable = checkWritable(dataDir)
  if (writable.state === 'fail') return [writable]
  return [writable, await checkDisk(dataDir, free_bytes), ...(await checkStore(dataDir))]
}

function checkWritable(dataDir: string): Finding {
  const probe = join(dataDir, `doctor-${process.pid}`)
  try {
    if (!existsSync(dataDir)) {
      const parent = existing(dataDir)
      if (!statSync(parent).isDirectory()) throw new Error(`${parent} is not a folder`)
      accessSync(parent, constants.W_OK)
      return ok('folder', `DATA_DIR ${dataDir} will be created`)
    }
    try {
      writeFileSync(probe, 'x'.repeat(4096))
    } finally {
      if (existsSync(probe)) rmSync(probe)
    }
    for (const name of ['talkie.db', 'talkie.lock']) {
      const file = join(dataDir, name)
      if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK)
    }
    const [open] = openToOthers(dataDir)
    if (open !== undefined) {
      return warn('folder', `other users of this machine can read ${open}`, `Run: chmod -R go= ${dataDir}`)
    }
    return ok('folder', `DATA_DIR ${dataDir} is writable`)
  } catch (error) {
    const message = `DATA_DIR ${dataDir} is not writable: ${reason(error)}`
    return fail('folder', message, 'Set DATA_DIR to a folder owned by the server’s user, on a disk with free space')
  }
}

/** The path itself or its nearest ancestor that exists. */
function existing(path: string): string {
  for (let at = resolve(path); ; at = dirname(at)) if (existsSync(at)) return at
}

async function checkDisk(dataDir: string, free_bytes: Machine['free_bytes']): Promise<Finding> {
  const free = await free_bytes(existing(dataDir))
  if (free >= FREE_BYTES_MIN) return ok('disk', `${gigabytes(free)} free`)
  const fix = `Free at least ${gigabytes(FREE_BYTES_MIN)}: with a full disk every message is refused`
  return fail('disk', `only ${gigabytes(free)} free on the disk of DATA_DIR`, fix)
}

async function checkStore(dataDir: string): Promise<Finding[]> {
  const file = join(dataDir, 'talkie.db')
  if (!existsSync(file)) return [ok('store', 'none yet: the server will create it')]
  try {
    const { sampleEmbedded } = await loadEmbedded()
    const { rooms, version, expected, holes, reserved } = sampleEmbedded(file)
    if (version !== expected) {
      const message = `${file} has schema version ${version}, but this version needs ${expected}`
      return [fail('store', message, 'Run the server version that wrote it, or restore a backup into another folder')]
    }
    if (holes.length > 0) {
      const fix = 'Restore a backup (talkie restore) and report this: the server never causes a gap'
      return [fail('store', `events are missing in the log of room ${holes.join(', ')}`, fix)]
    }
    const found = ok('store', `schema version ${version}; no gaps in the logs of ${rooms} sampled rooms`)
    return [found, ...checkNames(reserved)]
  } catch (error) {
    const isBusy = (error as { code?: string }).code === 'SQLITE_BUSY'
    const fix = isBusy ? 'Stop the other process' : 'Restore a backup into an empty folder: talkie restore'
    return [fail('store', `${file} cannot be read: ${reasonOf(error) ?? reason(error)}`, fix)]
  }
}
