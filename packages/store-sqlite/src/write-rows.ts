import { randomInt } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { IndexCell, RowKey, StoredValue, WriterCalls } from './messages.ts'
import { bindCell, columnOf, ensureTable, finishIndex, tableOf } from './schema.ts'
import { Statements } from './statements.ts'

type Input<K extends keyof WriterCalls> = WriterCalls[K]['input']
type Cells = Readonly<Record<string, IndexCell>>

/** The writer's calls on one connection; each runs inside the transaction that its caller began. */
export class WriteRows {
  readonly #db: DatabaseSync
  readonly #statements: Statements
  readonly #scopes = new Map<string, number>()

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#statements = new Statements(db)
  }

  /** To be called after a rollback: what was read in it may never have been. */
  forget(): void {
    this.#scopes.clear()
  }

  insert({ json, cells, ...key }: Input<'insert'>): boolean {
    const { columns, values } = columnsOf(cells)
    const sql = `INSERT INTO ${tableOf(key.collection)} (scope, name, version, value${columns.map((c) => `, ${c}`).join('')})
      VALUES (?, ?, ?, ?${', ?'.repeat(columns.length)}) ON CONFLICT (scope, name) DO NOTHING`
    return (
      Number(this.#statements.of(sql).run(this.#scope(key), key.name, firstVersion(), json, ...values).changes) === 1
    )
  }

  update({ json, cells, version, ...key }: Input<'update'>): boolean {
    return this.#overwrite(key, version, json, cells)
  }

  put({ json, cells, ...key }: Input<'put'>): StoredValue | undefined {
    const before = this.#read(key)
    if (before) this.#overwrite(key, before[0], json, cells)
    else this.insert({ ...key, json, cells })
    return before
  }

  remove({ version, ...key }: Input<'remove'>): StoredValue | undefined {
    const guard = version === undefined ? '' : ' AND version = ?'
    const sql = `DELETE FROM ${tableOf(key.collection)} WHERE scope = ? AND name = ?${guard} RETURNING version, value`
    const row = this.#statements.of(sql).get(this.#scope(key), key.name, ...(version === undefined ? [] : [version]))
    return row && [Number(row.version), String(row.value)]
  }

  ensure({ collection, fields }: Input<'ensure'>): 'ready' | 'stale' {
    return ensureTable(this.#db, collection, fields)
  }

  rowsToIndex({ collection, after, limit }: Input<'rowsToIndex'>): (readonly [number, string])[] {
    const sql = `SELECT id, value FROM ${tableOf(collection)} WHERE id > ? ORDER BY id LIMIT ?`
    return this.#db
      .prepare(sql)
      .all(after, limit)
      .map(({ id, value }) => [Number(id), String(value)])
  }

  writeIndex({ collection, rows }: Input<'writeIndex'>): void {
    for (const [id, cells] of rows) {
      const { columns, values } = columnsOf(cells)
      const set = columns.map((column) => `${column} = ?`).join(', ')
      if (columns.length > 0)
        this.#statements.of(`UPDATE ${tableOf(collection)} SET ${set} WHERE id = ?`).run(...values, id)
    }
  }

  finishIndex({ collection, fields }: Input<'finishIndex'>): void {
    finishIndex(this.#db, collection, fields)
  }

  #overwrite(key: RowKey, version: number, json: string, cells: Cells): boolean {
    const { columns, values } = columnsOf(cells)
    const sql = `UPDATE ${tableOf(key.collection)} SET version = version + 1, value = ?${columns.map((c) => `, ${c} = ?`).join('')}
      WHERE scope = ? AND name = ? AND version = ?`
    const { changes } = this.#statements.of(sql).run(json, ...values, this.#scope(key), key.name, version)
    return Number(changes) === 1
  }

  #read(key: RowKey): StoredValue | undefined {
    const sql = `SELECT version, value FROM ${tableOf(key.collection)} WHERE scope = ? AND name = ?`
    const row = this.#statements.of(sql).get(this.#scope(key), key.name)
    return row && [Number(row.version), String(row.value)]
  }

  #scope({ account, region }: RowKey): number {
    const key = `${account}/${region}`
    const known = this.#scopes.get(key)
    if (known !== undefined) return known
    this.#statements
      .of('INSERT INTO scopes (account, region) VALUES (?, ?) ON CONFLICT DO NOTHING')
      .run(account, region)
    const row = this.#statements.of('SELECT id FROM scopes WHERE account = ? AND region = ?').get(account, region)
    const id = Number(row?.id)
    this.#scopes.set(key, id)
    return id
  }
}

/** Below 2^47: as good as none twice, and far enough from where integers end. */
function firstVersion(): number {
  return randomInt(1, 2 ** 47)
}

function columnsOf(cells: Cells): { columns: string[]; values: (number | string | Uint8Array)[] } {
  return { columns: Object.keys(cells).map(columnOf), values: Object.values(cells).map(bindCell) }
}
