import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { errors } from '../../../schemas/error.js'
import { limits } from '../../../schemas/wire.js'
import { directPage, mentionPage, roomPage } from '../log/page.js'
import type { Logger, Standing, Store } from '../store.js'
import { openConnection } from './connection.js'
import { type Folder, prepareFolder } from './folder.js'
import { searchDown } from './indexes/terms.js'
import { createReads } from './reads.js'
import { SqliteError } from './sqlite.js'
import { startWriter, type Writer } from './writer.js'

/** How long a successful ping is cached, ms: load balancers probe every second, and each ping is a write. */
const PING_MS = 5000

/** How long unread messages are counted in one turn of the event loop, ms. */
const STEP_MS = 5
/** Events that one statement looks at when it counts the unread messages of several rooms: about 2 ms. */
const STEP_EVENTS = 4000

/**
 * The store of a single process: a SQLite file in `dataDir`. A worker thread writes, so that a slow disk delays
 * acknowledgements but never the event loop; the main thread reads through its own connection, which sees everything
 * that was acknowledged.
 *
 * @param dataDir created if it is missing; locked against other processes until `close`
 * @throws an Error whose message is one plain sentence: the folder is in use, not writable, damaged, or of another
 * version
 */
export async function openEmbedded(dataDir: string, log: Logger): Promise<Store> {
  const folder = prepareFolder(dataDir)
  let writer: Writer
  try {
    // Not the main thread's flags: loaders among them would only slow down the worker's start.
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: folder.file,
      execArgv: [],
    })
    writer = await startWriter(worker, log)
  } catch (error) {
    folder.release()
    throw error
  }
  return createEmbedded(folder, writer, log)
}

const unseenOf = ({ seq, last_read_seq }: Standing) => seq - last_read_seq
/** Whether so much may be unread that the count is to stop early. */
const isLong = (standing: Standing) => unseenOf(standing) > limits.UNREAD_MAX

/** The standings that may have unread messages, those that one statement counts together: a long one alone. */
function toCount(standings: Standing[]): [Standing, ...Standing[]][] {
  const batches: [Standing, ...Standing[]][] = []
  let events = STEP_EVENTS
  for (const standing of standings) {
    if (!standing.is_member || unseenOf(standing) <= 0) continue
    const isAlone = isLong(standing)
    events += unseenOf(standing)
    if (isAlone || events > STEP_EVENTS) {
      batches.push([standing])
      events = isAlone ? STEP_EVENTS : unseenOf(standing)
    } else {
      batches.at(-1)?.push(standing)
    }
  }
  return batches
}

type Read = (...args: never[]) => unknown
type Promised<Reads> = {
  [Name in keyof Reads]: Reads[Name] extends (...args: infer Args) => infer Answer
    ? (...args: Args) => Promise<Answer>
    : never
}

function createEmbedded(folder: Folder, writer: Writer, log: Logger): Store {
  const db = openConnection(folder.file, 'reader')
  let closing: Promise<void> | undefined
  let pinged = Promise.resolve()
  let pinged_at = Number.NEGATIVE_INFINITY

  /** Makes reads asynchronous. If SQLite cannot read, the error is logged and the caller gets StoreUnavailable. */
  function promised<Reads extends Record<string, Read>>(reads: Reads): Promised<Reads> {
    const promise = (read: Read) => {
      return async (...args: never[]) => {
        if (closing !== undefined) throw new errors.StoreUnavailable()
        try {
          return read(...args)
        } catch (error) {
          if (!(error instanceof SqliteError)) throw error
          log.error({ err: error }, 'Failed to read from the store')
          throw new errors.StoreUnavailable()
        }
      }
    }
    return Object.fromEntries(
      Object.entries(reads).map(([name, read]) => [name, promise(read)]),
    ) as unknown as Promised<Reads>
  }
  const { isIndexed, searchSpan, listNames, listPlaces, findMentions, countRooms, readBare, countUnreadOf, ...reads } =
    promised(createReads(db))

  async function readStandings(username: string, room_ids: string[]): Promise<Standing[]> {
    const standings = await readBare(username, room_ids)
    let began_at = performance.now()
    for (const batch of toCount(standings)) {
      if (performance.now() - began_at >= STEP_MS) {
        // Counting the unread messages of many rooms must not block other work.
        await setImmediate()
        began_at = performance.now()
      }
      const [{ room, last_read_seq, seq }] = batch
      if (isLong(batch[0])) {
        const after = Math.max(last_read_seq, room.emptied_seq)
        batch[0].unread = await reads.countUnread(room.id, username, after, limits.UNREAD_MAX, seq)
      } else {
        const counts = await countUnreadOf(username, batch)
        for (const standing of batch) standing.unread = counts[standing.room.id] ?? 0
      }
    }
    return standings
  }

  return {
    ...reads,
    description: `embedded in ${folder.file}`,
    shared: false,
    connections: null,
    observe: writer.observe,
    epoch: folder.epoch,
    // The folder is locked, so it cannot be restored while this process runs.
    readEpoch: async () => folder.epoch,
    ping() {
      const now = performance.now()
      if (now - pinged_at > PING_MS || closing !== undefined) {
        pinged_at = now
        pinged = writer.write('ping')
        pinged.catch(() => {
          pinged_at = Number.NEGATIVE_INFINITY
        })
      }
      return pinged
    },
    close() {
      closing ??= writer.close().then(() => {
        db.close()
        folder.release()
      })
      return closing
    },

    createUser: (user, first_is_admin) => writer.write('createUser', user, first_is_admin),
    changeUser: (username, change) => writer.write('changeUser', username, change),
    changeAccount: (...args) => writer.write('changeAccount', ...args),

    createSession: session => writer.write('createSession', session),
    extendSession: (id, expires_at) => writer.write('extendSession', id, expires_at),
    touchSession: (id, seen) => writer.write('touchSession', id, seen),
    deleteSession: id => writer.write('deleteSession', id),
    async deleteExpiredSessions(now) {
      while (await writer.write('deleteExpiredSessions', now));
    },

    // No other process can open the store, and this one does each work once.
    takeLease: async () => true,
    releaseLease: async () => {},

    createRoom: (record, created) => writer.write('createRoom', record, created),
    readStandings,
    listRooms: async (username, query) =>
      roomPage(query, await listNames(username, query), ids => readStandings(username, ids)),
    listDirect: async (username, query) => ({
      ...(await directPage(query, await listPlaces(username, query), ids => readStandings(username, ids))),
      examined: await countRooms(username),
    }),

    async listMentions(username, query) {
      const found = await findMentions(username, query)
      const examined = await countRooms(username)
      return mentionPage(query, found, examined, (room_id, seqs) => reads.readTargets(room_id, seqs))
    },

    async moveMark(username, room_id, seq) {
      // Marks never move back, so one that was just read is a valid answer.
      const mark = await reads.readMark(username, room_id)
      return mark >= seq ? mark : writer.write('moveMark', username, room_id, seq)
    },

    append: (room_id, after, events) => writer.write('append', room_id, after, events),
    trimLog: (room_id, upto) => writer.write('trimLog', room_id, upto),
    gather: append => writer.gather(append),

    async searchTerms(room_id, terms, query) {
      if (!(await isIndexed(room_id))) await writer.index(room_id)
      return searchDown(searchSpan, { room_id, terms, ...query }, await reads.readHead(room_id))
    },
  }
}
