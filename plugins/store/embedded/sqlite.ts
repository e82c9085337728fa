import Libsql from 'libsql'

/** Types that may be bound. On any other libsql aborts the whole process, which no `catch` can prevent. */
export type Value = string | number | bigint | boolean | null | Buffer

/** An error of SQLite; `code` is SQLite's name for it, such as `SQLITE_FULL`. */
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
 * Prepared statements are cached by their SQL, so SQL must come from a bounded set of texts; values are bound, never
 * part of it. Use `exec` for pragmas: SQLite executes them when they are prepared, so a cached one would do nothing.
 */
export class Sqlite {
  readonly #connection: Libsql.Database
  readonly #statements = new Map<string, Libsql.Statement<unknown[]>>()

  /** @param busy_ms how long a statement waits for a lock @throws SqliteError if the file cannot be opened */
  constructor(file: string, busy_ms: number) {
    try {
      this.#connection = new Libsql(file, { timeout: busy_ms })
    } catch (error) {
      // libsql throws an error without a code.
      throw new SqliteError((error as Error).message, 'SQLITE_CANTOPEN')
    }
  }

  #prepare(sql: string) {
    // libsql would keep using a closed connection.
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

  /** Runs statements without parameters or results. */
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

  /**
   * The value of the column `json`, of the only row, parsed. For reads of many rows: libsql takes as long to convert the
   * columns of a row as SQLite takes to find the row.
   */
  json<Result>(sql: string, values: readonly Value[] = []): Result {
    return JSON.parse((this.get<{ json: string }>(sql, values) as { json: string }).json)
  }

  /** Runs `work` on one snapshot, unaffected by commits of other connections. `work` must be synchronous. */
  snapshot<T>(work: () => T): T {
    this.run('begin')
    try {
      return work()
    } finally {
      this.run('commit')
    }
  }

  /** Runs `work` in a transaction: commits it, or rolls it back if it throws. */
  transaction<T>(work: () => T): T {
    this.run('begin immediate')
    try {
      const result = work()
      this.run('commit')
      return result
    } catch (error) {
      // On a full disk SQLite has already rolled back.
      if (this.inTransaction) this.run('rollback')
      throw error
    }
  }

  close() {
    this.#statements.clear()
    this.#connection.close()
  }
}
