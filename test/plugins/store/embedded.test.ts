import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbedded } from '../../../plugins/store/embedded.js'
import { storeContract } from './contract.js'

storeContract('embedded', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'talkie-'))
  let store = await openEmbedded(folder, console)
  return {
    store,
    async reopen() {
      await store.close()
      store = await openEmbedded(folder, console)
      return store
    },
    async destroy() {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
})
