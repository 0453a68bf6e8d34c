import type {
  Collection,
  CollectionSpec,
  Condition,
  IndexValue,
  ListQuery,
  Members,
  Page,
  Projected,
  Projection,
  Range,
  RangeQuery,
  Row,
  Scope,
} from '@sagebrush/core'
import { queryMark, readCursor, writeCursor } from './cursor.ts'
import type { IndexCell, ReaderCalls, RowKey, StoredValue, WriterCalls } from './messages.ts'
import { decodeValue, encodeMembers, encodeValue } from './value-codec.ts'
import type { WorkerLink } from './worker-link.ts'

// Small enough that a get, which waits for the same thread, does not notice.
const batchRows = 256

/** The threads that a collection calls; `scanner` is started by its first use. */
export interface StoreThreads {
  readonly writer: WorkerLink<WriterCalls>
  readonly reader: WorkerLink<ReaderCalls>
  scanner(): WorkerLink<ReaderCalls>
}

export class SqliteCollection<T> implements Collection<T> {
  readonly #spec: CollectionSpec<T>
  readonly #threads: StoreThreads
  readonly #ready: Promise<void>

  constructor(spec: CollectionSpec<T>, threads: StoreThreads) {
    this.#spec = spec
    this.#threads = threads
    this.#ready = this.#prepare()
    // Told to each caller of the collection.
    this.#ready.catch(() => {})
  }

  async insert(scope: Scope, name: string, value: T): Promise<boolean> {
    const input = { ...this.#key(scope, name), ...this.#encoded(value) }
    await this.#ready
    return this.#threads.writer.call('insert', input)
  }

  async get(scope: Scope, name: string): Promise<Row<T> | undefined> {
    await this.#ready
    return this.#row(scope, name, await this.#threads.reader.call('get', this.#key(scope, name)))
  }

  async update(scope: Scope, name: string, version: number, value: T): Promise<boolean> {
    const input = { ...this.#key(scope, name), version, ...this.#encoded(value) }
    await this.#ready
    return this.#threads.writer.call('update', input)
  }

  async put(scope: Scope, name: string, value: T): Promise<Row<T> | undefined> {
    const input = { ...this.#key(scope, name), ...this.#encoded(value) }
    await this.#ready
    return this.#row(scope, name, await this.#threads.writer.call('put', input))
  }

  async remove(scope: Scope, name: string, version?: number): Promise<Row<T> | undefined> {
    const input = { ...this.#key(scope, name), ...(version === undefined ? {} : { version }) }
    await this.#ready
    return this.#row(scope, name, await this.#threads.writer.call('remove', input))
  }

  list(scope: Scope, query: ListQuery): Promise<Page<T>>
  list<const P extends Projection<T>>(scope: Scope, query: ListQuery, members: P): Promise<Page<Projected<T, P>>>
  async list(scope: Scope, query: ListQuery, members?: Members): Promise<Page<unknown>> {
    const { where = [], nameContains = '', sortBy, order, limit } = query
    this.#checkFields(where, sortBy)
    checkLimit(limit)
    const mark = queryMark(this.#spec.name, scope, query)
    const after = query.after === undefined ? undefined : readCursor(mark, query.after)
    await this.#ready
    const page = await this.#threads.scanner().call('list', {
      collection: this.#spec.name,
      account: scope.account,
      region: scope.region,
      where,
      nameContains,
      sortBy,
      descending: order === 'descending',
      limit,
      ...(after ? { after } : {}),
      ...(members ? { members: encodeMembers(members) } : {}),
    })
    const rows = page.rows.map(([name, version, json]) => this.#made(scope, name, version, json))
    return page.next ? { rows, next: writeCursor(mark, page.next) } : { rows }
  }

  async range(scope: Scope, query: RangeQuery): Promise<Range<T>> {
    const { prefix, delimiter = '', after, limit } = query
    checkLimit(limit)
    await this.#ready
    const { entries, truncated } = await this.#threads.scanner().call('range', {
      collection: this.#spec.name,
      account: scope.account,
      region: scope.region,
      prefix,
      delimiter,
      limit,
      ...(after === undefined ? {} : { after }),
    })
    return {
      entries: entries.map(([name, version, json]) =>
        version === undefined || json === undefined
          ? { commonPrefix: name }
          : { row: this.#made(scope, name, version, json) },
      ),
      truncated,
    }
  }

  async *each(where: readonly Condition[] = []): AsyncIterable<Row<T>> {
    this.#checkFields(where, 'name')
    await this.#ready
    let after: ReaderCalls['each']['output']['next']
    do {
      const batch: ReaderCalls['each']['output'] = await this.#threads.reader.call('each', {
        collection: this.#spec.name,
        where,
        limit: batchRows,
        ...(after ? { after } : {}),
      })
      for (const [account, region, name, version, json] of batch.rows)
        yield this.#made({ account, region }, name, version, json)
      after = batch.next
    } while (after)
  }

  async #prepare(): Promise<void> {
    const collection = this.#spec.name
    const fields = Object.keys(this.#spec.index)
    const { writer } = this.#threads
    if ((await writer.call('ensure', { collection, fields })) === 'ready') return
    for (let after = 0; ; ) {
      const rows = await writer.call('rowsToIndex', { collection, after, limit: batchRows })
      const last = rows.at(-1)
      if (!last) break
      const indexed = rows.map(([id, json]) => [id, this.#cells(decodeValue(json) as T)] as const)
      await writer.call('writeIndex', { collection, rows: indexed })
      after = last[0]
    }
    await writer.call('finishIndex', { collection, fields })
  }

  #key({ account, region }: Scope, name: string): RowKey {
    // Two names of lone surrogates would be one in UTF-8.
    if (!name.isWellFormed()) throw new TypeError(`The name ${JSON.stringify(name)} is not well-formed Unicode`)
    return { collection: this.#spec.name, account, region, name }
  }

  #encoded(value: T): { json: string; cells: Record<string, IndexCell> } {
    return { json: encodeValue(value), cells: this.#cells(value) }
  }

  #cells(value: T): Record<string, IndexCell> {
    return Object.fromEntries(
      Object.entries(this.#spec.index).map(([field, derive]) => [field, this.#cell(field, derive(value))]),
    )
  }

  #cell(field: string, value: IndexValue | undefined): IndexCell {
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new TypeError(`The index field "${field}" of "${this.#spec.name}" is ${value}, which cannot be sorted`)
    return value ?? null
  }

  #checkFields(where: readonly Condition[], sortBy: string): void {
    for (const field of [...where.map((condition) => condition.field), ...(sortBy === 'name' ? [] : [sortBy])])
      if (!Object.hasOwn(this.#spec.index, field))
        throw new TypeError(`The collection "${this.#spec.name}" has no index field "${field}"`)
  }

  #row(scope: Scope, name: string, stored: StoredValue | undefined): Row<T> | undefined {
    return stored && this.#made(scope, name, ...stored)
  }

  #made({ account, region }: Scope, name: string, version: number, json: string): Row<T> {
    return { scope: { account, region }, name, version, value: decodeValue(json) as T }
  }
}

function checkLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1) throw new TypeError(`The limit ${limit} is not a whole number ≥ 1`)
}
