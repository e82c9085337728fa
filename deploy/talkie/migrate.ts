import type { Environment } from '../../plugins/config/index.js'
import { kinds, loadEmbedded, loadMongo, type Sink, type Source, sumOf } from '../../plugins/store/index.js'
import { Config } from '../../schemas/config.js'
import { type Command, WrongUsage } from './command.js'

/**
 * Moves a store from a folder to a MongoDB or back: `npm run migrate -- --from DATA_DIR --to MONGODB_URI`, with all
 * servers stopped. Everything keeps its ids and seqs, and the epoch stays, so that clients go on where they were.
 *
 * Cut off, it is run again and goes on. The target opens for servers only after its rows were counted and compared with
 * the source's. The source stays as it is.
 */
interface Places {
  env: Environment
  say(line: string): void
}

const isUri = (place: string) => /^mongodb(\+srv)?:\/\//.test(place)

/** @throws an Error whose message is one sentence */
export async function migrate(from: string, to: string, { env, say }: Places): Promise<void> {
  if (isUri(from) === isUri(to)) throw new Error('One of --from and --to must be a folder, the other a MongoDB URI')
  const { MONGODB_USER: user, MONGODB_PASSWORD: password } = env
  const database = env.MONGODB_DATABASE || Config.properties.MONGODB_DATABASE.default
  const timeout_ms = Number(env.MONGODB_TIMEOUT_MS || Config.properties.MONGODB_TIMEOUT_MS.default)
  const { openEmbeddedSink, openEmbeddedSource } = await loadEmbedded()
  const { mongoClient, openMongoSink, openMongoSource } = await loadMongo()
  const client = mongoClient(isUri(from) ? from : to, { user, password }, timeout_ms)
  let source: Source | undefined
  let sink: Sink | undefined
  try {
    source = isUri(from) ? await openMongoSource(client.db(database), timeout_ms) : openEmbeddedSource(from)
    sink = isUri(to)
      ? await openMongoSink(client.db(database), source.epoch, timeout_ms)
      : openEmbeddedSink(to, source.epoch)
    if (!sink.isFinished) {
      for (const kind of kinds) {
        let count = 0
        for await (const rows of source.dump(kind)) {
          await sink.load(kind, rows)
          count += rows.length
        }
        say(`${kind}: ${count} copied`)
      }
    }
    await verify(source, sink, say)
    if (sink.isFinished) say('The target had everything already')
    else await sink.finish()
  } finally {
    await sink?.close()
    await source?.close()
    await client.close()
  }
}

async function verify(source: Source, sink: Sink, say: (line: string) => void) {
  for (const kind of kinds) {
    const [there, here] = [await sumOf(source, kind), await sumOf(sink, kind)]
    if (there.count !== here.count || there.checksum !== here.checksum) {
      throw new Error(
        `The target differs from the source in ${kind}: ${here.count} for ${there.count} rows, checksum ${here.checksum.slice(0, 12)} for ${there.checksum.slice(0, 12)}`,
      )
    }
    say(`${kind}: ${here.count} verified, checksum ${here.checksum.slice(0, 12)}`)
  }
}

export const migrateCommand: Command = {
  summary: 'Moves a store from a folder to MongoDB, or back',
  operands: '',
  switches: '--from PLACE --to PLACE',
  help: `One PLACE is a folder (a DATA_DIR), the other a MongoDB URI; MONGODB_USER, MONGODB_PASSWORD and MONGODB_DATABASE count.
All servers must be stopped. Ids, seqs and the epoch stay, so clients go on where they were. Cut off, it is run again and
goes on. The target opens for servers only after all of it was counted and compared; the source stays as it is.`,
  options: { from: { type: 'string' }, to: { type: 'string' } },
  async run(_positionals, { from, to }, { env, say }) {
    if (typeof from !== 'string' || typeof to !== 'string') {
      throw new WrongUsage('Say --from and --to: a folder (DATA_DIR) and a MongoDB URI, or the reverse')
    }
    await migrate(from, to, { env, say })
    say('Done')
    return undefined
  },
}
