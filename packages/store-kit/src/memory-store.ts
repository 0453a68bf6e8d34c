import {
  type Collection,
  type CollectionSpec,
  type Condition,
  type ListQuery,
  type Members,
  type Page,
  type Projected,
  type Projection,
  project,
  type Range,
  type RangeEntry,
  type RangeQuery,
  type Row,
  type Scope,
  type Store,
  scopeKey,
} from '@sagebrush/core'
import { keepCopy } from './keep-copy.ts'
import { listPage, meets } from './memory-list.ts'
import { compareUtf8 } from './utf8-order.ts'

/** The reference driver: the port's semantics in a map, nothing durable. For services' unit tests. */
export function memoryStore(): Store {
  const tables = new Map<string, Map<string, Map<string, Row<unknown>>>>()
  let closed = false
  return {
    collection<T>(spec: CollectionSpec<T>): Collection<T> {
      const table = tables.get(spec.name) ?? new Map<string, Map<string, Row<unknown>>>()
      tables.set(spec.name, table)
      return new MemoryCollection<T>(spec, table as Map<string, Map<string, Row<T>>>, () => {
        if (closed) throw new Error('The store is closed')
      })
    },
    async close() {
      closed = true
    },
  }
}

let lastFirst = 0

/** No row is written so often that it comes to the next one's. */
function firstVersion(): number {
  lastFirst += 1_000_000
  return lastFirst
}

class MemoryCollection<T> implements Collection<T> {
  readonly #spec: CollectionSpec<T>
  readonly #scopes: Map<string, Map<string, Row<T>>>
  readonly #guard: () => void

  constructor(spec: CollectionSpec<T>, scopes: Map<string, Map<string, Row<T>>>, guard: () => void) {
    this.#spec = spec
    this.#scopes = scopes
    this.#guard = guard
  }

  #rows(scope: Scope): Map<string, Row<T>> {
    this.#guard()
    const key = scopeKey(scope)
    const rows = this.#scopes.get(key) ?? new Map<string, Row<T>>()
    this.#scopes.set(key, rows)
    return rows
  }

  #write(scope: Scope, name: string, version: number, value: T): void {
    const row = {
      scope: { account: scope.account, region: scope.region },
      name,
      version,
      value: keepCopy(value) as T,
    }
    for (const derive of Object.values(this.#spec.index)) derive(row.value)
    this.#rows(scope).set(name, row)
  }

  async insert(scope: Scope, name: string, value: T): Promise<boolean> {
    if (this.#rows(scope).has(name)) return false
    this.#write(scope, name, firstVersion(), value)
    return true
  }

  async get(scope: Scope, name: string): Promise<Row<T> | undefined> {
    return copyOf(this.#rows(scope).get(name))
  }

  async update(scope: Scope, name: string, version: number, value: T): Promise<boolean> {
    if (this.#rows(scope).get(name)?.version !== version) return false
    this.#write(scope, name, version + 1, value)
    return true
  }

  async put(scope: Scope, name: string, value: T): Promise<Row<T> | undefined> {
    const before = this.#rows(scope).get(name)
    this.#write(scope, name, before ? before.version + 1 : firstVersion(), value)
    return before
  }

  async remove(scope: Scope, name: string, version?: number): Promise<Row<T> | undefined> {
    const rows = this.#rows(scope)
    const row = rows.get(name)
    if (!row || (version !== undefined && row.version !== version)) return undefined
    rows.delete(name)
    return row
  }

  list(scope: Scope, query: ListQuery): Promise<Page<T>>
  list<const P extends Projection<T>>(scope: Scope, query: ListQuery, members: P): Promise<Page<Projected<T, P>>>
  async list(scope: Scope, query: ListQuery, members?: Members): Promise<Page<unknown>> {
    const page = listPage(this.#spec, scope, [...this.#rows(scope).values()], query)
    const read = (value: T): T => keepCopy(members ? project(value, members) : value) as T
    return { ...page, rows: page.rows.map((row) => ({ ...row, value: read(row.value) })) }
  }

  async range(scope: Scope, query: RangeQuery): Promise<Range<T>> {
    const { prefix, delimiter, after, limit } = query
    const names = [...this.#rows(scope).keys()].filter((name) => name.startsWith(prefix)).sort(compareUtf8)
    const entries: RangeEntry<T>[] = []
    let folded = commonPrefix(after ?? '', prefix, delimiter)
    if (folded !== after) folded = undefined
    for (const name of names) {
      if (after !== undefined && compareUtf8(name, after) <= 0) continue
      if (folded !== undefined && name.startsWith(folded)) continue
      if (entries.length === limit) return { entries, truncated: true }
      folded = commonPrefix(name, prefix, delimiter)
      const row = copyOf(this.#rows(scope).get(name))
      if (folded !== undefined) entries.push({ commonPrefix: folded })
      else if (row) entries.push({ row })
    }
    return { entries, truncated: false }
  }

  async *each(where: readonly Condition[] = []): AsyncIterable<Row<T>> {
    for (const rows of [...this.#scopes.values()])
      for (const row of [...rows.values()])
        if (meets(this.#spec, row.value, where)) yield { ...row, value: keepCopy(row.value) as T }
  }
}

function copyOf<T>(row: Row<T> | undefined): Row<T> | undefined {
  return row && { ...row, value: keepCopy(row.value) as T }
}

/** What a name folds into: all up to and including the first delimiter after the prefix. */
function commonPrefix(name: string, prefix: string, delimiter: string | undefined): string | undefined {
  if (!delimiter || !name.startsWith(prefix)) return undefined
  const at = name.indexOf(delimiter, prefix.length)
  return at < 0 ? undefined : name.slice(0, at + delimiter.length)
}
