import {
  type CollectionSpec,
  type Condition,
  type IndexValue,
  InvalidCursor,
  type ListQuery,
  type Page,
  type Row,
  type Scope,
} from '@sagebrush/core'
import { compareUtf8 } from './utf8-order.ts'

/** Filters, sorts and cuts as the port says. Where an index field is missing the row sorts after all others. */
export function listPage<T>(spec: CollectionSpec<T>, scope: Scope, rows: Row<T>[], query: ListQuery): Page<T> {
  const sort = sortValue(spec, query.sortBy)
  const sign = query.order === 'ascending' ? 1 : -1
  const bound = JSON.stringify([
    spec.name,
    scope.account,
    scope.region,
    query.where ?? [],
    query.nameContains ?? '',
    query.sortBy,
    query.order,
  ])
  const after = query.after === undefined ? undefined : readCursor(query.after, bound)
  const place = (row: Row<T>): Place => ({ value: sort(row), name: row.name })
  const matching = rows
    .filter((row) => row.name.includes(query.nameContains ?? '') && meets(spec, row.value, query.where ?? []))
    .filter((row) => !after || sign * comparePlaces(place(row), after) > 0)
    .sort((a, b) => sign * comparePlaces(place(a), place(b)))
  const page = matching.slice(0, query.limit)
  const last = page.at(-1)
  if (!last || matching.length <= page.length) return { rows: page }
  const { value, name } = place(last)
  const cursor = Buffer.from(JSON.stringify({ bound, value, name })).toString('base64url')
  return { rows: page, next: cursor }
}

/** A row without the field meets `notEqual` alone; a number and a string never meet but by `notEqual`. */
export function meets<T>(spec: CollectionSpec<T>, value: T, where: readonly Condition[]): boolean {
  return where.every(({ field, is, value: wanted }) => {
    const derive = spec.index[field]
    if (!derive) throw new TypeError(`The collection "${spec.name}" has no index field "${field}"`)
    const found = derive(value)
    if (is === 'notEqual') return found !== wanted
    if (typeof found !== typeof wanted) return false
    const order = compareValues(found, wanted)
    if (is === 'equal') return order === 0
    if (is === 'greater') return order > 0
    if (is === 'atLeast') return order >= 0
    return is === 'less' ? order < 0 : order <= 0
  })
}

interface Place {
  readonly value: IndexValue | undefined
  readonly name: string
}

function sortValue<T>(spec: CollectionSpec<T>, sortBy: string): (row: Row<T>) => IndexValue | undefined {
  if (sortBy === 'name') return (row) => row.name
  const derive = spec.index[sortBy]
  if (!derive) throw new TypeError(`The collection "${spec.name}" has no index field "${sortBy}"`)
  return (row) => derive(row.value)
}

function comparePlaces(a: Place, b: Place): number {
  return compareValues(a.value, b.value) || compareUtf8(a.name, b.name)
}

function compareValues(a: IndexValue | undefined, b: IndexValue | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'string' && typeof b === 'string') return compareUtf8(a, b)
  return rank(a) - rank(b)
}

function rank(value: IndexValue | undefined): number {
  if (typeof value === 'number') return 0
  return typeof value === 'string' ? 1 : 2
}

function readCursor(cursor: string, bound: string): Place {
  try {
    const read = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as Place & { bound: string }
    if (read.bound === bound && typeof read.name === 'string') return { value: read.value, name: read.name }
  } catch (cause) {
    throw new InvalidCursor('The cursor is damaged', { cause })
  }
  throw new InvalidCursor('The cursor was given by another query')
}
