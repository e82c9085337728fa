/** Runs several test files in one process, one after the other, for `test/run.ts`: `several.js FILE…` */
import { resolve } from 'node:path'
import { t } from 'tap'

for (const file of process.argv.slice(2)) {
  // The results that follow are this file's, until the next such line.
  t.comment(`File: ${file}`)
  await import(resolve(file))
}
