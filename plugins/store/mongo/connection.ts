import {
  type ClientSession,
  type Db,
  MongoClient,
  type MongoClientOptions,
  ReadConcern,
  ReadPreference,
  WriteConcern,
} from 'mongodb'

/** How long one command may take: choosing a server, a free connection, the server's work, its answer. */
export const TIMEOUT_MS = 5000

interface Account {
  user?: string | undefined
  password?: string | undefined
}

/**
 * How we connect, whatever the URI says.
 *
 * The driver retries a command once if its connection broke. That cannot double anything: every write of ours
 * inserts under a unique key, raises a number, or sets what the log says. A replica set knows the second copy by its
 * number and answers it with the first one's outcome; otherwise the copy meets the key that the first one took,
 * which is a Conflict, and the writer looks its events up by their client_ids as after every Conflict.
 */
export function connectOptions({ user, password }: Account, timeout_ms = TIMEOUT_MS): MongoClientOptions {
  return {
    appName: 'woongkie-talkie',
    ...(user !== undefined && { auth: { username: user, ...(password !== undefined && { password }) } }),
    retryWrites: true,
    retryReads: true,
    // An election takes longer than a client should wait for a 503.
    serverSelectionTimeoutMS: Math.ceil(timeout_ms / 2),
    connectTimeoutMS: timeout_ms,
    socketTimeoutMS: timeout_ms,
    waitQueueTimeoutMS: timeout_ms,
  }
}

/** A client of a MongoDB, which connects with its first command. The caller closes it. */
export const mongoClient = (uri: string, account: Account, timeout_ms: number) =>
  new MongoClient(uri, connectOptions(account, timeout_ms))

/**
 * What every command asks for, whatever the URI says: it is set on the database, which is nearer than the client.
 *
 * A write is answered when a majority has it in its journal, so that no failover takes it back. A read sees only what a
 * majority has, from the primary: what could still vanish is never built upon.
 */
function concerns(timeout_ms: number) {
  return {
    writeConcern: new WriteConcern('majority', timeout_ms, true),
    readConcern: new ReadConcern('majority'),
    readPreference: ReadPreference.primary,
    ignoreUndefined: true,
  }
}

/** The database again, with our concerns in place of the URI's. */
export const withConcerns = (connected: Db, timeout_ms = TIMEOUT_MS): Db =>
  connected.client.db(connected.databaseName, concerns(timeout_ms))

/** What the commands of one call of the store carry. They run one after the other. */
export interface Call {
  session: ClientSession
  maxTimeMS: number
}

/**
 * Runs calls such that each sees all that earlier ones of this process saw or wrote.
 *
 * Majority reads of one primary give that by themselves. After a failover they need not: the new primary has all that a
 * majority had, but may not know yet that it has, and answer from before. A head read from the old one and events read
 * from the new one would then leave a gap. So every call carries the time of the latest that any earlier one saw
 * (causal consistency), and a server that is not there yet waits until it is.
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
