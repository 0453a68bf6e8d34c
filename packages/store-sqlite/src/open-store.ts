import { closeSync, mkdirSync, openSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Collection, CollectionSpec, Store } from '@sagebrush/core'
import type { ReaderCalls, WriterCalls } from './messages.ts'
import { SqliteCollection, type StoreThreads } from './sqlite-collection.ts'
import { WorkerLink } from './worker-link.ts'

export interface StoreOptions {
  /** The database's file, made where it is missing (mode 0600). */
  readonly path: string
}

/** A store whose file can be copied while it is written to. */
export interface FileStore extends Store {
  /** Writes what is committed now to `path`, a new database file (mode 0600). Reads and writes go on meanwhile. */
  copyTo(path: string): Promise<void>
}

/**
 * Opens a store in one SQLite file, brought to the newest format. Nothing of it runs in the caller's thread but the
 * encoding of values: one thread writes, committing together what comes together; one gets; one lists.
 * Its threads keep the process alive until it is closed. Throws `HomeTooNew`, `StoreBusy`, `StoreDamaged`, `DiskFull`.
 *
 * ```ts
 * const store = await openStore({ path: join(home, 'state.db') })
 * const jobs = store.collection<Job>({ name: 'training_jobs', index: { status: (job) => job.status } })
 * ```
 */
export async function openStore({ path }: StoreOptions): Promise<FileStore> {
  const file = resolve(path)
  // At once, so that the threads start while the caller goes on.
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  // SQLite gives its other files the mode of this one.
  closeSync(openSync(file, 'a', 0o600))
  const threads = new Threads(file)
  try {
    await threads.writer.call('open', {})
    await syncFolder(dirname(file))
  } catch (cause) {
    await threads.close()
    throw cause
  }
  return new SqliteStore(threads)
}

class Threads implements StoreThreads {
  readonly writer: WorkerLink<WriterCalls>
  readonly reader: WorkerLink<ReaderCalls>
  readonly #path: string
  #scanner: WorkerLink<ReaderCalls> | undefined

  constructor(path: string) {
    this.#path = path
    this.writer = new WorkerLink({ path, role: 'writer' })
    this.reader = new WorkerLink({ path, role: 'reader' })
  }

  scanner(): WorkerLink<ReaderCalls> {
    this.#scanner ??= new WorkerLink({ path: this.#path, role: 'reader' })
    return this.#scanner
  }

  /** In a thread of its own: gets and lists do not wait for it. */
  async copyTo(target: string): Promise<void> {
    // SQLite takes an empty file as it is, and would make one that all may read.
    await (await open(target, 'wx', 0o600)).close()
    const copier = new WorkerLink<ReaderCalls>({ path: this.#path, role: 'reader' })
    try {
      await copier.call('copy', { path: target })
    } finally {
      await copier.close()
    }
  }

  /** The writer last: it folds the log into the file once nobody reads it. */
  async close(): Promise<void> {
    await Promise.all([this.reader.close(), this.#scanner?.close()])
    await this.writer.close()
  }
}

class SqliteStore implements FileStore {
  readonly #threads: Threads
  readonly #fields = new Map<string, string>()
  readonly #collections = new Map<string, unknown>()
  #closed: Promise<void> | undefined

  constructor(threads: Threads) {
    this.#threads = threads
  }

  collection<T>(spec: CollectionSpec<T>): Collection<T> {
    if (this.#closed) throw new Error('The store is closed')
    const fields = Object.keys(spec.index).join()
    const known = this.#fields.get(spec.name)
    if (known !== undefined && known !== fields)
      throw new TypeError(`The collection "${spec.name}" is open with the index fields ${known}, not ${fields}`)
    const made =
      (this.#collections.get(spec.name) as SqliteCollection<T> | undefined) ?? new SqliteCollection(spec, this.#threads)
    this.#fields.set(spec.name, fields)
    this.#collections.set(spec.name, made)
    return made
  }

  copyTo(path: string): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('The store is closed'))
    return this.#threads.copyTo(path)
  }

  close(): Promise<void> {
    this.#closed ??= this.#threads.close()
    return this.#closed
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
