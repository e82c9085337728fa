import { Worker } from 'node:worker_threads'
import { errors } from '../../../schemas/error.js'
import type { Logger, Store } from '../store.js'
import { openConnection } from './connection.js'
import { type Folder, prepareFolder } from './folder.js'
import { createReads, type Reads } from './reads.js'
import { SqliteError } from './sqlite.js'
import { searchDown } from './term-index.js'
import { startWriter, type Writer } from './writer.js'

/**
 * The store of one process: a SQLite file in `dataDir`. A worker thread writes, so that a slow disk delays
 * acknowledgements and never the event loop; the main thread reads through a connection of its own, which sees all that
 * was acknowledged.
 *
 * @param dataDir made where it is missing; held until `close`, and no other process can open it meanwhile
 * @throws an Error whose message is one plain sentence: the folder is in use, not writable, damaged, or of another version
 */
export async function openEmbedded(dataDir: string, log: Logger): Promise<Store> {
  const folder = prepareFolder(dataDir)
  let writer: Writer
  try {
    // The main thread's flags are its own: the loaders among them would only slow the worker's start.
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

function createEmbedded(folder: Folder, writer: Writer, log: Logger): Store {
  const db = openConnection(folder.file, 'reader')
  const reads = createReads(db)
  let closing: Promise<void> | undefined

  /** A read as a promise; what SQLite cannot read is an answer that the store cannot give. */
  function read<Name extends keyof Reads>(name: Name) {
    const work = reads[name] as (...args: Parameters<Reads[Name]>) => ReturnType<Reads[Name]>
    return async (...args: Parameters<Reads[Name]>): Promise<ReturnType<Reads[Name]>> => {
      if (closing !== undefined) throw new errors.StoreUnavailable()
      try {
        return work(...args)
      } catch (error) {
        if (!(error instanceof SqliteError)) throw error
        log.error({ err: error }, 'The store cannot read')
        throw new errors.StoreUnavailable()
      }
    }
  }
  const readMark = read('readMark')
  const readHead = read('readHead')
  const isIndexed = read('isIndexed')
  const searchSpan = read('searchSpan')

  return {
    description: `embedded in ${folder.file}`,
    shared: false,
    epoch: folder.epoch,
    // A restore cannot happen under a process that holds the folder.
    readEpoch: async () => folder.epoch,
    ping: () => writer.write('ping'),
    close() {
      closing ??= writer.close().then(() => {
        db.close()
        folder.release()
      })
      return closing
    },

    createUser: user => writer.write('createUser', user),
    readUser: read('readUser'),
    readUsers: read('readUsers'),
    changeUser: (username, change) => writer.write('changeUser', username, change),
    changeAccount: (username, change) => writer.write('changeAccount', username, change),
    listUsers: read('listUsers'),
    countUsers: read('countUsers'),

    createSession: session => writer.write('createSession', session),
    readSession: read('readSession'),
    listSessions: read('listSessions'),
    extendSession: (id, expires_at) => writer.write('extendSession', id, expires_at),
    deleteSession: id => writer.write('deleteSession', id),
    async deleteExpiredSessions(now) {
      while (await writer.write('deleteExpiredSessions', now));
    },

    createRoom: (record, created) => writer.write('createRoom', record, created),
    readRoom: read('readRoom'),
    listRooms: read('listRooms'),

    readMember: read('readMember'),
    listMembers: read('listMembers'),

    readMark,
    async moveMark(username, room_id, seq) {
      // Marks only rise, so what was read may be answered.
      const mark = await readMark(username, room_id)
      return mark >= seq ? mark : writer.write('moveMark', username, room_id, seq)
    },

    append: (room_id, after, events) => writer.write('append', room_id, after, events),
    readHead,
    findAhead: read('findAhead'),
    readEvents: read('readEvents'),
    readByClientId: read('readByClientId'),
    readState: read('readState'),
    readTargets: read('readTargets'),
    readPage: read('readPage'),
    countUnread: read('countUnread'),
    readByType: read('readByType'),

    async searchTerms(room_id, terms, query) {
      if (!(await isIndexed(room_id))) await writer.index(room_id)
      return searchDown(searchSpan, { room_id, terms, ...query }, await readHead(room_id))
    },
  }
}
