import type { DatabaseSync } from 'node:sqlite'
import type { IndexCell } from './messages.ts'

export function tableOf(collection: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(collection))
    throw new TypeError(`"${collection}" cannot name a collection: use lower-case words joined by _`)
  return `"c_${collection}"`
}

export function columnOf(field: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(field) || field.toLowerCase() === 'name')
    throw new TypeError(`"${field}" cannot name an index field: use letters, digits and _, and not "name"`)
  return `"i_${field}"`
}

/**
 * A missing field is an empty blob and not NULL: it sorts after all numbers and strings, and the keyset comparison
 * `(field, name) > (?, ?)` needs no case of its own.
 */
export function bindCell(cell: IndexCell): number | string | Uint8Array {
  return cell ?? new Uint8Array(0)
}

export function indexName(collection: string, sortBy: string): string {
  return `"x_${collection}_${sortBy}"`
}

/**
 * Makes the table, or says that its index columns are of another field set (`stale`): then the columns are brought to
 * the wanted set without their values, which only the collection's functions can tell.
 */
export function ensureTable(db: DatabaseSync, collection: string, fields: readonly string[]): 'ready' | 'stale' {
  const known = db.prepare('SELECT fields FROM collections WHERE name = ?').get(collection)
  const wanted = JSON.stringify(fields)
  if (known?.fields === wanted) return 'ready'
  const table = tableOf(collection)
  if (!known) {
    const columns = fields.map((field) => `${columnOf(field)} NOT NULL, `).join('')
    db.exec(`CREATE TABLE ${table} (
      id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
      ${columns}value TEXT NOT NULL, UNIQUE (scope, name))`)
    finishIndex(db, collection, fields)
    return 'ready'
  }
  dropIndices(db, collection)
  const there = db.prepare(`SELECT name FROM pragma_table_info(?)`).all(`c_${collection}`)
  const columns = there.map(({ name }) => String(name)).filter((name) => name.startsWith('i_'))
  for (const column of columns)
    if (!fields.includes(column.slice(2))) db.exec(`ALTER TABLE ${table} DROP COLUMN "${column}"`)
  for (const field of fields)
    if (!columns.includes(`i_${field}`))
      db.exec(`ALTER TABLE ${table} ADD COLUMN ${columnOf(field)} NOT NULL DEFAULT x''`)
  // Unreadable as a field set, so that a crash before the last row is re-indexed starts over.
  db.prepare("UPDATE collections SET fields = 'stale' WHERE name = ?").run(collection)
  return 'stale'
}

/** Makes the indices and records the field set. */
export function finishIndex(db: DatabaseSync, collection: string, fields: readonly string[]): void {
  // Each holds every field, so that any filter is decided within the index that gives the order, not row by row.
  if (fields.length > 0)
    for (const sortBy of ['name', ...fields]) {
      const first = sortBy === 'name' ? 'name' : `${columnOf(sortBy)}, name`
      const rest = fields.filter((field) => field !== sortBy).map((field) => `, ${columnOf(field)}`)
      db.exec(
        `CREATE INDEX ${indexName(collection, sortBy)} ON ${tableOf(collection)} (scope, ${first}${rest.join('')})`,
      )
    }
  db.prepare('INSERT INTO collections VALUES (?, ?) ON CONFLICT DO UPDATE SET fields = excluded.fields').run(
    collection,
    JSON.stringify(fields),
  )
}

function dropIndices(db: DatabaseSync, collection: string): void {
  const indices = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL")
  for (const { name } of indices.all(`c_${collection}`)) db.exec(`DROP INDEX "${name}"`)
}
