import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DiskFull } from '@sagebrush/core'
import type { ErrorMessage } from './messages.ts'

/** The home was written by a newer Sagebrush. */
export class HomeTooNew extends Error {
  override readonly name = 'HomeTooNew'
  readonly found: number
  readonly known: number

  constructor(path: string, found: number, known: number) {
    super(
      `${path} has format ${found}, and this version of Sagebrush knows formats up to ${known}: ` +
        'start the newer version that wrote it, or use another home',
    )
    this.found = found
    this.known = known
  }
}

/** Another process writes to the same file. */
export class StoreBusy extends Error {
  override readonly name = 'StoreBusy'
}

/** A thread of the store ended unasked: nothing more can be read or written by this store. */
export class StoreFailed extends Error {
  override readonly name = 'StoreFailed'
}

const sqliteBusy = 5
const sqliteIoError = 10
const sqliteFull = 13

/** What crosses from a worker to the store: an error of this thread as plain data. */
export function toMessage(cause: unknown, path: string): ErrorMessage {
  if (cause instanceof HomeTooNew)
    return { kind: 'HomeTooNew', message: cause.message, found: cause.found, known: cause.known }
  if (!(cause instanceof Error)) return { kind: 'Error', message: String(cause) }
  const extended = 'errcode' in cause && typeof cause.errcode === 'number' ? cause.errcode : 0
  const code = extended & 0xff
  if (code === sqliteFull || (code === sqliteIoError && hasNoSpace(path)))
    return {
      kind: 'DiskFull',
      message: `The disk that holds ${path} is full: free some space, or move the home to a larger disk`,
    }
  if (code === sqliteBusy)
    return {
      kind: 'StoreBusy',
      message: `Another process holds ${path}: stop it, or use another home (SQLite: ${cause.message})`,
    }
  return { kind: 'Error', message: cause.message, ...(cause.stack ? { stack: cause.stack } : {}) }
}

export function fromMessage(error: ErrorMessage, path: string): Error {
  if (error.kind === 'DiskFull') return new DiskFull(error.message)
  if (error.kind === 'StoreBusy') return new StoreBusy(error.message)
  if (error.kind === 'HomeTooNew') return new HomeTooNew(path, error.found ?? 0, error.known ?? 0)
  return new Error(error.message, { cause: error.stack })
}

/** SQLite tells a full disk as an I/O error where it was its shared memory or its journal that found no room. */
function hasNoSpace(path: string): boolean {
  const { bavail, bsize } = statfsSync(dirname(path))
  return bavail * bsize < 256 * 1024
}
