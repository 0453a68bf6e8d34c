import type { DatabaseSync } from 'node:sqlite'
import { listRows } from './list-rows.ts'
import type { ReaderCalls, RowKey, StoredValue } from './messages.ts'
import { rangeRows } from './range-rows.ts'
import { tableOf } from './schema.ts'
import { Statements } from './statements.ts'

type Input<K extends keyof ReaderCalls> = ReaderCalls[K]['input']
type Output<K extends keyof ReaderCalls> = ReaderCalls[K]['output']

/** A reader's calls on one connection. */
export class ReadRows {
  readonly #db: DatabaseSync
  readonly #statements: Statements
  readonly #scopes = new Map<string, number>()

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#statements = new Statements(db)
  }

  get(key: Input<'get'>): StoredValue | undefined {
    const scope = this.#scope(key)
    if (scope === undefined) return undefined
    const sql = `SELECT version, value FROM ${tableOf(key.collection)} WHERE scope = ? AND name = ?`
    const row = this.#statements.of(sql).get(scope, key.name)
    return row && [Number(row.version), String(row.value)]
  }

  list(request: Input<'list'>): Output<'list'> {
    return this.#snapshot(() => {
      const scope = this.#scope(request)
      return scope === undefined ? { rows: [] } : listRows(this.#statements, scope, request)
    })
  }

  range(request: Input<'range'>): Output<'range'> {
    return this.#snapshot(() => {
      const scope = this.#scope(request)
      return scope === undefined ? { entries: [], truncated: false } : rangeRows(this.#statements, scope, request)
    })
  }

  /** Goes from scope to scope until the batch is full. */
  each({ collection, where, limit, after }: Input<'each'>): Output<'each'> {
    return this.#snapshot(() => {
      const rows: Output<'each'>['rows'][number][] = []
      const scopes = this.#statements.of('SELECT id, account, region FROM scopes WHERE id >= ? ORDER BY id')
      for (const found of scopes.all(after?.scope ?? 0)) {
        const id = Number(found.id)
        const [account, region] = [String(found.account), String(found.region)]
        const page = listRows(this.#statements, id, {
          collection,
          account,
          region,
          where,
          nameContains: '',
          sortBy: 'name',
          descending: false,
          limit: limit - rows.length,
          ...(after?.scope === id ? { after: { cell: null, name: after.name } } : {}),
        })
        for (const row of page.rows) rows.push([account, region, ...row])
        const last = page.rows.at(-1)
        if (last && rows.length >= limit) return { rows, next: { scope: id, name: last[0] } }
      }
      return { rows }
    })
  }

  copy({ path }: Input<'copy'>): void {
    this.#db.prepare('VACUUM INTO ?').run(path)
  }

  /** All statements of one call see the same commit. */
  #snapshot<T>(read: () => T): T {
    this.#db.exec('BEGIN')
    try {
      return read()
    } finally {
      this.#db.exec('COMMIT')
    }
  }

  /** Scopes are never removed, so what is known stays true. */
  #scope({ account, region }: Pick<RowKey, 'account' | 'region'>): number | undefined {
    const key = `${account}/${region}`
    const known = this.#scopes.get(key)
    if (known !== undefined) return known
    const row = this.#statements.of('SELECT id FROM scopes WHERE account = ? AND region = ?').get(account, region)
    if (!row) return undefined
    this.#scopes.set(key, Number(row.id))
    return Number(row.id)
  }
}
