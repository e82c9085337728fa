import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { loadEmbedded } from '../../../plugins/store/index.js'
import { type Finding, fault, good, type Machine, reason } from './finding.js'

const FREE_BYTES_MIN = 1024 ** 3
const gigabytes = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`

/** The embedded store and where it lies. A server may run on it meanwhile. */
export async function checkFolder(dataDir: string, { free_bytes }: Machine): Promise<Finding[]> {
  const writable = checkWritable(dataDir)
  if (writable.state === 'fault') return [writable]
  return [writable, await checkDisk(dataDir, free_bytes), await checkStore(dataDir)]
}

function checkWritable(dataDir: string): Finding {
  const probe = join(dataDir, `doctor-${process.pid}`)
  try {
    if (!existsSync(dataDir)) {
      accessSync(existing(dataDir), constants.W_OK)
      return good('folder', `DATA_DIR ${dataDir} will be made`)
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
    return good('folder', `DATA_DIR ${dataDir} can be written`)
  } catch (error) {
    const says = `DATA_DIR ${dataDir} cannot be written (${(error as NodeJS.ErrnoException).code})`
    return fault('folder', says, 'Set DATA_DIR to a folder that belongs to the server’s user, on a disk with room')
  }
}

/** The nearest folder above that is there. */
function existing(path: string): string {
  for (let at = resolve(path); ; at = dirname(at)) if (existsSync(at)) return at
}

async function checkDisk(dataDir: string, free_bytes: Machine['free_bytes']): Promise<Finding> {
  const free = await free_bytes(existing(dataDir))
  if (free >= FREE_BYTES_MIN) return good('disk', `${gigabytes(free)} are free`)
  const mend = `Make room for at least ${gigabytes(FREE_BYTES_MIN)}: a full disk refuses every message`
  return fault('disk', `${gigabytes(free)} are free where DATA_DIR is`, mend)
}

async function checkStore(dataDir: string): Promise<Finding> {
  const file = join(dataDir, 'talkie.db')
  if (!existsSync(file)) return good('store', 'none there yet')
  try {
    const { sampleEmbedded } = await loadEmbedded()
    const { rooms, version, expected, holes } = sampleEmbedded(file)
    if (version !== expected) {
      const says = `${file} has schema version ${version}, and this program reads ${expected} only`
      return fault('store', says, 'Run the version of the server that wrote it, or restore a backup of another folder')
    }
    if (holes.length > 0) {
      const mend = 'Restore a backup (talkie restore), and report this: it cannot come from the server itself'
      return fault('store', `the log of room ${holes.join(', ')} has a hole`, mend)
    }
    return good('store', `schema version ${version}; the logs of ${rooms} rooms looked at have no hole`)
  } catch (error) {
    return fault(
      'store',
      `${file} cannot be read: ${reason(error)}`,
      'Restore a backup into an empty folder: talkie restore',
    )
  }
}
