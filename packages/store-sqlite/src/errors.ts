import { DiskFull } from '@sagebrush/core'
import { HomeTooNew } from './home-too-new.ts'
import type { ErrorMessage } from './messages.ts'

/** Another process writes to the same file. */
export class StoreBusy extends Error {
  override readonly name = 'StoreBusy'
}

/** The file is no database any more, or its content contradicts itself. */
export class StoreDamaged extends Error {
  override readonly name = 'StoreDamaged'
}

/** A thread of the store ended unasked: nothing more can be read or written by this store. */
export class StoreFailed extends Error {
  override readonly name = 'StoreFailed'
}

/** What a worker told, as the error that the caller sees. */
export function fromMessage(error: ErrorMessage, path: string): Error {
  if (error.kind === 'DiskFull') return new DiskFull(error.message)
  if (error.kind === 'StoreBusy') return new StoreBusy(error.message)
  if (error.kind === 'StoreDamaged') return new StoreDamaged(error.message)
  if (error.kind === 'HomeTooNew') return new HomeTooNew(path, error.found ?? 0, error.known ?? 0)
  return new Error(error.message, { cause: error.stack })
}
