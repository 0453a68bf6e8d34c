import type { Members } from '@sagebrush/core'

/** What an index column holds: null stands for a field that the row lacks. */
export type IndexCell = number | string | null

export interface RowKey {
  readonly collection: string
  readonly account: string
  readonly region: string
  readonly name: string
}

/** Version and encoded value. */
export type StoredValue = readonly [version: number, json: string]

export interface Bound {
  readonly field: string
  readonly is: 'equal' | 'notEqual' | 'greater' | 'atLeast' | 'less' | 'atMost'
  readonly value: number | string
}

export interface Place {
  readonly cell: IndexCell
  readonly name: string
}

export interface ListRequest {
  readonly collection: string
  readonly account: string
  readonly region: string
  readonly where: readonly Bound[]
  readonly nameContains: string
  /** `name` or a field. */
  readonly sortBy: string
  readonly descending: boolean
  readonly limit: number
  readonly after?: Place
  /** Of each value, by their encoded names; the whole where absent. */
  readonly members?: Members
}

export interface RangeRequest {
  readonly collection: string
  readonly account: string
  readonly region: string
  readonly prefix: string
  readonly delimiter: string
  readonly after?: string
  readonly limit: number
}

export interface EachRequest {
  readonly collection: string
  readonly where: readonly Bound[]
  readonly limit: number
  /** Goes on after this scope and name. */
  readonly after?: { readonly scope: number; readonly name: string }
}

/** What the writer's thread does, each with what it is given and what it answers. */
export interface WriterCalls {
  /** Opens the file and brings it to the newest format, as the first call of any kind does. */
  open: { input: Record<string, never>; output: undefined }
  ensure: { input: { collection: string; fields: readonly string[] }; output: 'ready' | 'stale' }
  rowsToIndex: {
    input: { collection: string; after: number; limit: number }
    output: readonly (readonly [id: number, json: string])[]
  }
  writeIndex: {
    input: { collection: string; rows: readonly (readonly [id: number, cells: Readonly<Record<string, IndexCell>>])[] }
    output: undefined
  }
  finishIndex: { input: { collection: string; fields: readonly string[] }; output: undefined }
  insert: { input: RowKey & { json: string; cells: Readonly<Record<string, IndexCell>> }; output: boolean }
  update: {
    input: RowKey & { version: number; json: string; cells: Readonly<Record<string, IndexCell>> }
    output: boolean
  }
  put: {
    input: RowKey & { json: string; cells: Readonly<Record<string, IndexCell>> }
    output: StoredValue | undefined
  }
  remove: { input: RowKey & { version?: number }; output: StoredValue | undefined }
  close: { input: Record<string, never>; output: undefined }
}

/** What a reader's thread does. */
export interface ReaderCalls {
  get: { input: RowKey; output: StoredValue | undefined }
  list: {
    input: ListRequest
    output: { rows: readonly (readonly [name: string, version: number, json: string])[]; next?: Place }
  }
  range: {
    input: RangeRequest
    /** A common prefix has no version and no value. */
    output: { entries: readonly (readonly [name: string, version?: number, json?: string])[]; truncated: boolean }
  }
  each: {
    input: EachRequest
    output: {
      rows: readonly (readonly [account: string, region: string, name: string, version: number, json: string])[]
      next?: { readonly scope: number; readonly name: string }
    }
  }
  /** Writes the rows of one moment to a new database file. */
  copy: { input: { path: string }; output: undefined }
  close: { input: Record<string, never>; output: undefined }
}

export interface CallMessage {
  readonly id: number
  readonly call: string
  readonly input: unknown
}

export interface ErrorMessage {
  readonly kind: 'DiskFull' | 'StoreBusy' | 'StoreDamaged' | 'HomeTooNew' | 'Error'
  readonly message: string
  readonly stack?: string
  readonly found?: number
  readonly known?: number
}

export type AnswerMessage =
  | { readonly id: number; readonly output: unknown }
  | { readonly id: number; readonly error: ErrorMessage }

export interface WorkerStart {
  readonly path: string
  readonly role: 'writer' | 'reader'
}
