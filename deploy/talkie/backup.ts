import { readConfig } from '../../plugins/config/index.js'
import { loadEmbedded } from '../../plugins/store/index.js'
import type { Command } from './command.js'

export const backup: Command = {
  summary: 'Copies the embedded store into a file, also while the server runs',
  operands: 'FILE',
  help: `The copy is what was committed at one moment. It is verified before FILE gets its name: the database is whole, and
no room's log has a hole. FILE holds password hashes and everything that was said; only its owner may read it. JWT_SECRET
is not in it. A store in MongoDB is backed up by mongodump: docs/operating.md.`,
  async run([file = ''], _values, { env, say }) {
    const config = readConfig(env)
    if (config.MONGODB_URI !== undefined) {
      throw new Error('The store is in MongoDB (MONGODB_URI): back it up with mongodump --oplog, see docs/operating.md')
    }
    const { backupEmbedded } = await loadEmbedded()
    const { users, rooms, events } = backupEmbedded(config.DATA_DIR, file)
    say(`${file}: ${users} users, ${rooms} rooms, ${events} events; verified`)
    return undefined
  },
}
