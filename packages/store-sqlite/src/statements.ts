import type { DatabaseSync, StatementSync } from 'node:sqlite'

const most = 500

/** Prepared statements by their text, the least lately used dropped. */
export class Statements {
  readonly #db: DatabaseSync
  readonly #kept = new Map<string, StatementSync>()

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  of(sql: string): StatementSync {
    const statement = this.#kept.get(sql) ?? this.#db.prepare(sql)
    this.#kept.delete(sql)
    this.#kept.set(sql, statement)
    if (this.#kept.size > most) {
      const oldest = this.#kept.keys().next()
      if (!oldest.done) this.#kept.delete(oldest.value)
    }
    return statement
  }
}
