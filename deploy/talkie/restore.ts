import { readConfig } from '../../plugins/config/index.js'
import { loadEmbedded, loadMongo } from '../../plugins/store/index.js'
import type { Config } from '../../schemas/config.js'
import { type Command, WrongUsage } from './command.js'
import { withDatabase } from './database.js'

export const restore: Command = {
  summary: 'Makes a store of a backup, or marks one that was restored',
  operands: '[FILE]',
  switches: '[--epoch]',
  help: `FILE is restored into DATA_DIR, which must hold no store. With --epoch in place of FILE, the store that is there is
marked: do it after MongoDB was restored by mongorestore, or DATA_DIR by a snapshot, before any server starts.

Either way the store is another one afterwards: its epoch is new, so clients drop what they hold and load it again, and all
sessions have ended, so everybody logs in again. All servers must be stopped.`,
  options: { epoch: { type: 'boolean' } },
  async run([file], { epoch }, { env, say }) {
    if ((file === undefined) !== (epoch === true)) throw new WrongUsage('Say either FILE or --epoch')
    const config = readConfig(env)
    const { users, rooms, events } = await restoreFrom(file, config)
    say(`${users} users, ${rooms} rooms, ${events} events; verified. The epoch is new, all sessions have ended`)
    return undefined
  },
}

async function restoreFrom(file: string | undefined, config: Config) {
  if (config.MONGODB_URI === undefined) {
    const { renewEmbedded, restoreEmbedded } = await loadEmbedded()
    return file === undefined ? renewEmbedded(config.DATA_DIR) : restoreEmbedded(file, config.DATA_DIR)
  }
  if (file !== undefined) {
    throw new Error('The store is in MongoDB (MONGODB_URI): restore it with mongorestore, then talkie restore --epoch')
  }
  const { renewMongo } = await loadMongo()
  return withDatabase(config, renewMongo)
}
