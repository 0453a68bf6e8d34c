import { project } from '@sagebrush/core'
import type { Bound, IndexCell, ListRequest, Place } from './messages.ts'
import { bindCell, columnOf, indexName, tableOf } from './schema.ts'
import type { Statements } from './statements.ts'

/**
 * Up to so many rows of a filter are counted and sorted: under 3 ms, wherever among all rows they lie. A filter of more is
 * likely met soon along the sort's own index, and counting on would cost what it saves.
 */
const fewRows = 10_000

type Cell = number | string | Uint8Array

interface Clause {
  readonly sql: string
  readonly values: readonly Cell[]
}

export type ListedRow = readonly [name: string, version: number, json: string]

/** A page of one scope. The caller holds a read transaction over it. */
export function listRows(
  statements: Statements,
  scope: number,
  request: ListRequest,
): { rows: ListedRow[]; next?: Place } {
  const { collection, sortBy, limit, members } = request
  const sort = sortBy === 'name' ? 'name' : columnOf(sortBy)
  const direction = request.descending ? 'DESC' : 'ASC'
  const clauses = [...boundClauses(boundsAfter(request), placeBound(request)), ...placeClauses(request, sort)]
  if (request.nameContains !== '') clauses.push({ sql: 'instr(name, ?) > 0', values: [request.nameContains] })
  const index = indexFor(statements, scope, request)
  const sql = `SELECT id, name, ${sort} AS cell FROM ${tableOf(collection)} ${index}
    WHERE ${['scope = ?', ...clauses.map((clause) => clause.sql)].join(' AND ')}
    ORDER BY ${sort} ${direction}, name ${direction} LIMIT ?`
  const values = clauses.flatMap((clause) => clause.values)
  const found = statements.of(sql).all(scope, ...values, limit + 1)
  const page = found.slice(0, limit)
  const read = statements.of(`SELECT version, value FROM ${tableOf(collection)} WHERE id = ?`)
  const rows = page.map(({ id, name }): ListedRow => {
    const row = read.get(id as number)
    const json = String(row?.value)
    // Here and not with the caller, whose thread serves requests.
    return [String(name), Number(row?.version), members ? JSON.stringify(project(JSON.parse(json), members)) : json]
  })
  const last = page.at(-1)
  if (found.length <= limit || !last) return { rows }
  return { rows, next: { cell: cellOf(last.cell), name: String(last.name) } }
}

/** The index whose filter leaves the fewest rows, where they are few, else the one in the order asked for. */
function indexFor(statements: Statements, scope: number, { collection, where, sortBy }: ListRequest): string {
  const fields = new Set(where.filter(({ is }) => is !== 'notEqual').map(({ field }) => field))
  fields.delete(sortBy)
  let least = fewRows + 1
  // A collection without fields has but its key's index, which is in name order.
  let index = where.length === 0 && sortBy === 'name' ? '' : `INDEXED BY ${indexName(collection, sortBy)}`
  for (const field of fields) {
    const byField = `INDEXED BY ${indexName(collection, field)}`
    const clauses = boundClauses(where.filter((bound) => bound.field === field && bound.is !== 'notEqual'))
    const sql = `SELECT count(*) AS found FROM (SELECT 1 FROM ${tableOf(collection)} ${byField}
      WHERE ${['scope = ?', ...clauses.map((clause) => clause.sql)].join(' AND ')} LIMIT ?)`
    const row = statements.of(sql).get(scope, ...clauses.flatMap((clause) => clause.values), least)
    const found = Number(row?.found)
    if (found >= least) continue
    least = found
    index = byField
  }
  return index
}

/** What the place of the page before implies is left out, or SQLite may start at the bound and walk to the place. */
function boundsAfter({ where, sortBy, after, descending }: ListRequest): readonly Bound[] {
  if (!after) return where
  const implied = descending ? ['less', 'atMost'] : ['greater', 'atLeast']
  return where.filter(({ field, is }) => field !== sortBy || !implied.includes(is))
}

function placeClauses({ where, sortBy, after, descending }: ListRequest, sort: string): Clause[] {
  if (!after) return []
  const than = descending ? '<' : '>'
  const pinned = where.some(({ field, is }) => field === sortBy && is === 'equal')
  if (sortBy === 'name' || pinned) return [{ sql: `name ${than} ?`, values: [after.name] }]
  return [{ sql: `(${sort}, name) ${than} (?, ?)`, values: [bindCell(after.cell), after.name] }]
}

/** The bound that going on after a place sets to the field sorted by, though no condition names it. */
function placeBound({ sortBy, after, descending }: ListRequest): Bound | undefined {
  if (!after || after.cell === null) return undefined
  return { field: sortBy, is: descending ? 'atMost' : 'atLeast', value: after.cell }
}

const operators = { equal: '=', notEqual: '<>', greater: '>', atLeast: '>=', less: '<', atMost: '<=' } as const
const lower: readonly Bound['is'][] = ['greater', 'atLeast']
const upper: readonly Bound['is'][] = ['less', 'atMost']

/**
 * In SQLite's order numbers come before strings and those before blobs, and a bound holds within its own type alone:
 * the end of the type bounds the other side. Where another bound does, it is left out, since SQLite seeks by one bound
 * of each side and may choose the wider.
 */
function boundClauses(bounds: readonly Bound[], place?: Bound): Clause[] {
  const sided = (side: readonly Bound['is'][], { field, value }: Bound) =>
    [...bounds, ...(place ? [place] : [])].some(
      (other) => side.includes(other.is) && other.field === field && typeof other.value === typeof value,
    )
  return bounds.flatMap((bound) => {
    const column = columnOf(bound.field)
    const clauses: Clause[] = [{ sql: `${column} ${operators[bound.is]} ?`, values: [bound.value] }]
    if (lower.includes(bound.is) && !sided(upper, bound))
      clauses.push({ sql: `${column} < ?`, values: [typeof bound.value === 'number' ? '' : new Uint8Array(0)] })
    if (upper.includes(bound.is) && typeof bound.value === 'string' && !sided(lower, bound))
      clauses.push({ sql: `${column} >= ?`, values: [''] })
    return clauses
  })
}

function cellOf(value: unknown): IndexCell {
  return typeof value === 'number' || typeof value === 'string' ? value : null
}
