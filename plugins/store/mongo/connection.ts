import {
  type ClientSession,
  type Db,
  MongoClient,
  type MongoClientOptions,
  ReadConcern,
  ReadPreference,
  WriteConcern,
} from 'mongodb'

/** Timeout of a command, including server selection and waiting for a free connection. */
export const TIMEOUT_MS = 5000

interface Account {
  user?: string | undefined
  password?: string | undefined
}

/**
 * Connection options that override the URI.
 *
 * The driver retries a command once if its connection broke. That duplicates nothing, because every write is
 * idempotent: it inserts under a unique key, raises a number, or sets what follows from the log. A replica set
 * recognises the retry by its transaction number and returns the first outcome. Otherwise the retry collides with the
 * key that the first attempt took, which is a Conflict, and the writer looks up its events by their client_ids as after
 * every Conflict.
 */
export function connectOptions({ user, password }: Account, timeout_ms = TIMEOUT_MS): MongoClientOptions {
  return {
    appName: 'woongkie-talkie',
    ...(user !== undefined && { auth: { username: user, ...(password !== undefined && { password }) } }),
    monitorCommands: true,
    retryWrites: true,
    retryReads: true,
    // Not as long as an election: clients should get their 503 earlier.
    serverSelectionTimeoutMS: Math.ceil(timeout_ms / 2),
    connectTimeoutMS: timeout_ms,
    socketTimeoutMS: timeout_ms,
    waitQueueTimeoutMS: timeout_ms,
  }
}

/** A client that connects with its first command. The caller closes it. */
export const mongoClient = (uri: string, account: Account, timeout_ms: number) =>
  new MongoClient(uri, connectOptions(account, timeout_ms))

/**
 * Read and write concerns of every command. They are set on the database, so they override those of the URI.
 *
 * A write is acknowledged when a majority has journaled it, so that no failover rolls it back. A read goes to the
 * primary and sees only data that a majority has, so that nothing is based on data that could still be rolled back.
 */
function concerns(timeout_ms: number) {
  return {
    writeConcern: new WriteConcern('majority', timeout_ms, true),
    readConcern: new ReadConcern('majority'),
    readPreference: ReadPreference.primary,
    ignoreUndefined: true,
  }
}

/** The same database with our concerns instead of the URI's. */
export const withConcerns = (connected: Db, timeout_ms = TIMEOUT_MS): Db =>
  connected.client.db(connected.databaseName, concerns(timeout_ms))

/** Options of the commands of one store call, which run one after the other. */
export interface Call {
  session: ClientSession
  maxTimeMS: number
}

/**
 * Runs calls so that each sees everything that earlier calls of this process saw or wrote.
 *
 * Majority reads from one primary guarantee that, but not across a failover: the new primary has all majority-committed
 * data but may not know yet that it is committed, and return an older state. A head read from the old primary and
 * events read from the new one would then leave a gap. So every call carries the latest operation time that an earlier
 * one saw (causal consistency), and a server that has not reached it waits.
 */
export function createCalls(db: Db, timeout_ms: number) {
  let latest: ClientSession['operationTime']

  return async function call<T>(work: (call: Call) => Promise<T>): Promise<T> {
    return db.client.withSession({ causalConsistency: true }, async session => {
      if (latest !== undefined) session.advanceOperationTime(latest)
      try {
        return await work({ session, maxTimeMS: timeout_ms })
      } finally {
        const seen = session.operationTime
        if (seen !== undefined && (latest === undefined || seen.greaterThan(latest))) latest = seen
      }
    })
  }
}

export type Run = ReturnType<typeof createCalls>
