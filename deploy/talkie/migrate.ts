import type { Db } from 'mongodb'
import type { Environment } from '../../plugins/config/index.js'
import {
  kinds,
  loadEmbedded,
  loadMongo,
  type SealedSource,
  type Sink,
  type Source,
  sumOf,
} from '../../plugins/store/index.js'
import { Config } from '../../schemas/config.js'
import { type Command, type Context, UsageError } from './command.js'
import { withDatabase } from './database.js'

const isUri = (place: string) => /^mongodb(\+srv)?:\/\//.test(place)

function databaseAddress(uri: string, env: Environment) {
  const { MONGODB_USER, MONGODB_PASSWORD } = env
  return {
    MONGODB_URI: uri,
    ...(MONGODB_USER !== undefined && { MONGODB_USER }),
    ...(MONGODB_PASSWORD !== undefined && { MONGODB_PASSWORD }),
    MONGODB_DATABASE: env.MONGODB_DATABASE || Config.properties.MONGODB_DATABASE.default,
    MONGODB_TIMEOUT_MS: Number(env.MONGODB_TIMEOUT_MS || Config.properties.MONGODB_TIMEOUT_MS.default),
  }
}

/**
 * Moves a store from a folder to MongoDB or back. Ids, seqs and the epoch stay the same, so that clients resume where
 * they were. No server runs on a folder that is read; a database that is read is marked, so that running servers stop and
 * none starts on it.
 *
 * Idempotent: an interrupted run continues when it is run again. Servers refuse to open the target until its rows have
 * been counted and compared with the source's. Nothing else of the source is changed.
 *
 * @throws an Error whose message is one sentence
 */
export async function migrate(from: string, to: string, { env, print }: Pick<Context, 'env' | 'print'>): Promise<void> {
  if (isUri(from) === isUri(to)) throw new Error('Of --from and --to, one must be a folder and the other a MongoDB URI')
  const address = databaseAddress(isUri(from) ? from : to, env)
  await withDatabase(address, db => copy(db, from, to, address.MONGODB_TIMEOUT_MS, print))
}

async function copy(db: Db, from: string, to: string, timeout_ms: number, print: Context['print']) {
  const { openEmbeddedSink, openEmbeddedSource } = await loadEmbedded()
  const { openMongoSink, openMongoSource } = await loadMongo()
  let source: SealedSource | undefined
  let sink: Sink | undefined
  try {
    source = isUri(from) ? await openMongoSource(db, timeout_ms) : openEmbeddedSource(from)
    sink = isUri(to) ? await openMongoSink(db, source.epoch, timeout_ms) : openEmbeddedSink(to, source.epoch)
    await source.seal(print)
    if (!sink.isFinished) {
      for (const kind of kinds) {
        let count = 0
        for await (const rows of source.dump(kind)) {
          await sink.load(kind, rows)
          count += rows.length
        }
        print(`${kind}: ${count} copied`)
      }
    }
    await verify(source, sink, print)
    if (sink.isFinished) print('The target was already complete')
    else await sink.finish()
  } finally {
    await sink?.close()
    await source?.close()
  }
}

async function verify(source: Source, sink: Sink, print: Context['print']) {
  for (const kind of kinds) {
    const [expected, found] = [await sumOf(source, kind), await sumOf(sink, kind)]
    const sum = ({ checksum }: { checksum: string }) => checksum.slice(0, 12)
    if (expected.count !== found.count || expected.checksum !== found.checksum) {
      throw new Error(
        `The target differs from the source in ${kind}: ${found.count} rows instead of ${expected.count}, checksum ${sum(found)} instead of ${sum(expected)}`,
      )
    }
    print(`${kind}: ${found.count} verified, checksum ${sum(found)}`)
  }
}

export const migrateCommand: Command = {
  summary: 'Move a store from a folder to MongoDB, or back',
  operands: '',
  usageOptions: '--from PLACE --to PLACE | --release MONGODB_URI',
  help: `One PLACE is a folder (DATA_DIR), the other a MongoDB URI. MONGODB_USER, MONGODB_PASSWORD and MONGODB_DATABASE apply.
Stop all servers first.

Ids, seqs and the epoch stay the same, so clients resume where they were. If the command is interrupted, run it again
and it continues. Servers cannot open the target until it has been verified against the source.

A source in MongoDB is marked: servers that still run on it stop, and none can open it. To give up a migration and use
that database again, run talkie migrate --release MONGODB_URI. A source folder is not changed.`,
  options: { from: { type: 'string' }, to: { type: 'string' }, release: { type: 'string' } },
  async run(_positionals, { from, to, release }, { env, print }) {
    if (typeof release === 'string' && isUri(release) && from === undefined && to === undefined) {
      const address = databaseAddress(release, env)
      const { releaseMongo } = await loadMongo()
      await withDatabase(address, db => releaseMongo(db, address.MONGODB_TIMEOUT_MS))
      print('Released: servers can open this database again')
      return undefined
    }
    if (typeof from !== 'string' || typeof to !== 'string' || from === '' || to === '') {
      throw new UsageError('Give --from and --to: one a folder (DATA_DIR), the other a MongoDB URI')
    }
    await migrate(from, to, { env, print })
    print('Done')
    return undefined
  },
}
