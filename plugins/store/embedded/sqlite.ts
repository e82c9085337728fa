import Libsql from 'libsql'

/** What may be bound. libsql ends the whole process on other types, which no `catch` can stop. */
export type Value = string | number | bigint | boolean | null | Buffer

/** What SQLite refused; `code` is its own name for it, as in `SQLITE_FULL`. */
export const { SqliteError } = Libsql
export type SqliteError = InstanceType<typeof SqliteError>

type Bound = Exclude<Value, boolean>

function bind(values: readonly Value[]): Bound[] {
  return values.map(value => {
    switch (typeof value) {
      case 'boolean':
        return value ? 1 : 0
      case 'string':
      case 'bigint':
      case 'number':
        return value
      default:
        if (value === null || Buffer.isBuffer(value)) return value
        throw new TypeError(`A ${typeof value} cannot be bound`)
    }
  })
}

/**
 * One connection to a SQLite file: the only place that calls libsql.
 *
 * Statements are kept for their SQL, so SQL must come from a bounded set of texts; values are bound, never part of it.
 * A pragma goes through `exec`: SQLite carries it out when it is prepared, so that a kept one does nothing.
 */
export class Sqlite {
  readonly #connection: Libsql.Database
  readonly #statements = new Map<string, Libsql.Statement<unknown[]>>()

  /** @param busy_ms how long a statement waits for a lock */
  constructor(file: string, busy_ms: number) {
    this.#connection = new Libsql(file, { timeout: busy_ms })
  }

  #prepare(sql: string) {
    // libsql would go on with a closed connection.
    if (!this.#connection.open) throw new Error('The connection is closed')
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#connection.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  get inTransaction() {
    return this.#connection.inTransaction
  }

  /** Runs statements that bind nothing and answer nothing. */
  exec(sql: string) {
    this.#connection.exec(sql)
  }

  run(sql: string, values: readonly Value[] = []) {
    this.#prepare(sql).run(bind(values))
  }

  /** The first row. */
  get<Row extends object>(sql: string, values: readonly Value[] = []): Row | undefined {
    const row = this.#prepare(sql).get(bind(values)) as (Row & { _metadata?: unknown }) | undefined
    if (row !== undefined) delete row._metadata
    return row
  }

  all<Row extends object>(sql: string, values: readonly Value[] = []): Row[] {
    return this.#prepare(sql).all(bind(values)) as Row[]
  }

  /** What `work` reads is of one moment, whatever another connection commits meanwhile. `work` must not wait. */
  snapshot<T>(work: () => T): T {
    this.run('begin')
    try {
      return work()
    } finally {
      this.run('commit')
    }
  }

  /** `work` is committed whole, or, where it throws, undone whole. */
  transaction<T>(work: () => T): T {
    this.run('begin immediate')
    try {
      const result = work()
      this.run('commit')
      return result
    } catch (error) {
      // On a full disk SQLite has undone the transaction itself.
      if (this.inTransaction) this.run('rollback')
      throw error
    }
  }

  close() {
    this.#statements.clear()
    this.#connection.close()
  }
}
