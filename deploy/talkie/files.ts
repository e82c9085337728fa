import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** @throws Error, one sentence, unless the path names a file that exists */
export function checkFileExists(path: string): void {
  if (!existsSync(path)) throw new Error(`File not found: ${path}`)
  if (statSync(path).isDirectory()) throw new Error(`${path} is a folder, not a file`)
}

/** @throws Error, one sentence, if the file exists already or its folder does not */
export function checkFileIsNew(path: string): void {
  if (existsSync(path)) throw new Error(`${path} already exists: choose another name`)
  if (!existsSync(dirname(path))) throw new Error(`Folder not found: ${dirname(path)}`)
}
