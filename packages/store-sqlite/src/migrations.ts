import type { DatabaseSync } from 'node:sqlite'
import { HomeTooNew } from './home-too-new.ts'

/** One step from a format to the next; it runs inside a transaction with all the others that are due. */
export type Migration = (db: DatabaseSync) => void

/** Forward only: a step that was released is never changed, and a new format is a new step at the end. */
export const migrations: readonly Migration[] = [
  (db) =>
    db.exec(`
      CREATE TABLE scopes (
        id INTEGER PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, UNIQUE (account, region)
      ) STRICT;
      CREATE TABLE collections (name TEXT PRIMARY KEY, fields TEXT NOT NULL) STRICT;
    `),
]

/** Brings the file to the newest format, whole or not at all. Throws `HomeTooNew` before anything is touched. */
export function migrate(db: DatabaseSync, path: string, steps: readonly Migration[] = migrations): void {
  const found = formatOf(db)
  if (found > steps.length) throw new HomeTooNew(path, found, steps.length)
  if (found === steps.length) return
  db.exec('BEGIN IMMEDIATE')
  try {
    for (const step of steps.slice(found)) step(db)
    db.exec(`PRAGMA user_version = ${steps.length}`)
    db.exec('COMMIT')
  } catch (cause) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw cause
  }
}

function formatOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version)
}
