import type { Scope } from '../caller.ts'
import type { Projected, Projection } from '../projection.ts'

/**
 * One stored value with the version that guards its next write: at the insert one that no row of this name had before,
 * so that a row which was removed and made again is not taken for the old one; then +1 a write.
 */
export interface Row<T> {
  readonly scope: Scope
  readonly name: string
  readonly version: number
  readonly value: T
}

/** What an index field may hold. Dates are indexed as epoch milliseconds. */
export type IndexValue = string | number

/**
 * How a collection is stored. `T` must survive a round trip of plain data: objects, arrays, strings, numbers,
 * booleans, null, `Date` and `Uint8Array`; undefined members are dropped.
 */
export interface CollectionSpec<T> {
  /** Lower-case words joined by `_`; names the table and never changes. */
  readonly name: string
  /** Fields that `list` may filter and sort on. A field's value is derived at each write. */
  readonly index: Readonly<Record<string, (value: T) => IndexValue | undefined>>
}

export interface Condition {
  readonly field: string
  readonly is: 'equal' | 'notEqual' | 'greater' | 'atLeast' | 'less' | 'atMost'
  readonly value: IndexValue
}

export interface ListQuery {
  readonly where?: readonly Condition[]
  /** Substring of the row's name, case-sensitive as AWS's NameContains on most resources. */
  readonly nameContains?: string
  /** `name` or an index field; ties are broken by name. */
  readonly sortBy: string
  readonly order: 'ascending' | 'descending'
  /** Rows of a page, ≥ 1. */
  readonly limit: number
  /** `next` of the page before, with the same query. A token of another query is refused with `InvalidCursor`. */
  readonly after?: string
}

export interface Page<T> {
  readonly rows: readonly Row<T>[]
  /** Present where at least one more row follows. */
  readonly next?: string
}

/** Rows in the byte order of their names' UTF-8, as S3 lists keys. */
export interface RangeQuery {
  readonly prefix: string
  /** Rows whose name has it after the prefix are folded into one common prefix (up to and including it). */
  readonly delimiter?: string
  /** Exclusive: a row's name, or a common prefix, whose rows are all passed over. */
  readonly after?: string
  /** Rows and common prefixes together, ≥ 1. */
  readonly limit: number
}

export type RangeEntry<T> = { readonly row: Row<T> } | { readonly commonPrefix: string }

export interface Range<T> {
  readonly entries: readonly RangeEntry<T>[]
  /** True where at least one more entry follows the last. */
  readonly truncated: boolean
}

/**
 * Rows of one kind, keyed by account, region and name. Every call resolves after its effect is durable:
 * a write that was answered survives `kill -9` and power loss. Writers are many; each write is compare-and-set.
 */
export interface Collection<T> {
  /** Resolves to false, changing nothing, where the name is taken. */
  insert(scope: Scope, name: string, value: T): Promise<boolean>
  get(scope: Scope, name: string): Promise<Row<T> | undefined>
  /** Resolves to false, changing nothing, where the row is gone or its version is another. */
  update(scope: Scope, name: string, version: number, value: T): Promise<boolean>
  /** Writes whatever is there, and resolves to the row that it replaced. */
  put(scope: Scope, name: string, value: T): Promise<Row<T> | undefined>
  /** Resolves to the row that it removed; with `version`, only where that is the row's. */
  remove(scope: Scope, name: string, version?: number): Promise<Row<T> | undefined>
  list(scope: Scope, query: ListQuery): Promise<Page<T>>
  /** Reads only these members: a page of summaries costs no decoding of all that a summary leaves out. */
  list<const P extends Projection<T>>(scope: Scope, query: ListQuery, members: P): Promise<Page<Projected<T, P>>>
  range(scope: Scope, query: RangeQuery): Promise<Range<T>>
  /** Rows of all accounts and regions, in batches, for reconcilers and garbage collection. */
  each(where?: readonly Condition[]): AsyncIterable<Row<T>>
}

/** Thrown by `list` for a cursor that this query did not give. */
export class InvalidCursor extends Error {
  override readonly name = 'InvalidCursor'
}

/** Opens collections; one store behind one home. */
export interface Store {
  collection<T>(spec: CollectionSpec<T>): Collection<T>
  close(): Promise<void>
}
