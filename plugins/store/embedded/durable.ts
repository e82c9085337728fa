import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'

/** Gives a finished file its name, such that a power cut leaves all of it or nothing. */
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
