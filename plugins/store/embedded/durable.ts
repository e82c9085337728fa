import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'

/** Renames a finished file to its target atomically: after a power failure it is there whole or not at all. */
export function makeDurable(part: string, target: string) {
  sync(part)
  renameSync(part, target)
  sync(dirname(target))
}

function sync(path: string) {
  const handle = openSync(path, 'r')
  fsyncSync(handle)
  closeSync(handle)
}
