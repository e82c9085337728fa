import { readConfig } from '../../plugins/config/index.js'
import { loadEmbedded } from '../../plugins/store/index.js'
import type { Command } from './command.js'
import { checkFileIsNew } from './files.js'

export const backup: Command = {
  summary: 'Back up the embedded store to a new file, even while the server runs',
  operands: 'FILE',
  help: `The backup is a consistent snapshot. Before FILE appears under its name, the database is checked and every room's log
is verified to have no gaps.

FILE contains password hashes and all messages, so only its owner can read it. JWT_SECRET is not included.
To back up a store in MongoDB, use mongodump: see docs/operating.md.`,
  async run([file = ''], _values, { env, print }) {
    const config = readConfig(env)
    if (config.MONGODB_URI !== undefined) {
      throw new Error('The store is in MongoDB (MONGODB_URI): back it up with mongodump --oplog, see docs/operating.md')
    }
    checkFileIsNew(file)
    const { backupEmbedded } = await loadEmbedded()
    const { users, rooms, events } = backupEmbedded(config.DATA_DIR, file)
    print(`Backed up to ${file}: ${users} users, ${rooms} rooms, ${events} events; verified`)
    return undefined
  },
}
