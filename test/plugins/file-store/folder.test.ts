import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFolder } from '../../../plugins/file-store/folder.js'
import { fileStoreContract } from './contract.js'

fileStoreContract('folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'talkie-files-'))
  return {
    files: await openFolder(folder),
    reopen: () => openFolder(folder),
    destroy: async () => rmSync(folder, { recursive: true }),
  }
})
