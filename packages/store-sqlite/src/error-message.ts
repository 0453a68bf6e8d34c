import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { HomeTooNew } from './home-too-new.ts'
import type { ErrorMessage } from './messages.ts'

const sqliteBusy = 5
const sqliteIoError = 10
const sqliteCorrupt = 11
const sqliteFull = 13
const sqliteNotADatabase = 26

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
  if (code === sqliteCorrupt || code === sqliteNotADatabase)
    return {
      kind: 'StoreDamaged',
      message: `The file ${path} is damaged (SQLite: ${cause.message}): move its home aside, and restore a backup of it ("sagebrush restore FILE")`,
    }
  return { kind: 'Error', message: cause.message, ...(cause.stack ? { stack: cause.stack } : {}) }
}

/** SQLite tells a full disk as an I/O error where it was its shared memory or its journal that found no room. */
function hasNoSpace(path: string): boolean {
  const { bavail, bsize } = statfsSync(dirname(path))
  return bavail * bsize < 256 * 1024
}
