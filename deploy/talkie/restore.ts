import { readConfig } from '../../plugins/config/index.js'
import { loadEmbedded, loadMongo } from '../../plugins/store/index.js'
import type { Config } from '../../schemas/config.js'
import { type Command, UsageError } from './command.js'
import { withDatabase } from './database.js'
import { checkFileExists } from './files.js'

export const restore: Command = {
  summary: 'Restore a backup, or renew the epoch of a store restored by other tools',
  operands: '[FILE]',
  usageOptions: '[--epoch]',
  help: `With FILE: restores the backup into DATA_DIR, which must not contain a store.
With --epoch: keeps the store and renews its epoch. Run it after mongorestore, or after restoring DATA_DIR from a
disk snapshot, before any server starts.

In both cases clients notice the new epoch, drop their cached rooms and load them again; all sessions end, so every
user logs in again. Stop all servers first.`,
  options: { epoch: { type: 'boolean' } },
  async run([file], { epoch }, { env, print }) {
    if ((file === undefined) !== (epoch === true)) throw new UsageError('Give either FILE or --epoch')
    const config = readConfig(env)
    const { users, rooms, events } = await restoreFrom(file, config)
    print(
      `Restored ${users} users, ${rooms} rooms, ${events} events; verified. The epoch is new and all sessions ended`,
    )
    return undefined
  },
}

async function restoreFrom(file: string | undefined, config: Config) {
  if (config.MONGODB_URI === undefined) {
    const { renewEmbedded, restoreEmbedded } = await loadEmbedded()
    if (file === undefined) return renewEmbedded(config.DATA_DIR)
    checkFileExists(file)
    return restoreEmbedded(file, config.DATA_DIR)
  }
  if (file !== undefined) {
    throw new Error('The store is in MongoDB (MONGODB_URI): restore it with mongorestore, then talkie restore --epoch')
  }
  const { renewMongo } = await loadMongo()
  return withDatabase(config, renewMongo)
}
