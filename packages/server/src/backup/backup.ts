import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { HomeError, lockForReading } from '../home/open-home.ts'
import { writeArchive } from './archive.ts'

/** Backs up a home on which no server runs. Its format stays what it is. */
export async function backUpStopped(home: string, file: string, version: string): Promise<{ sizeBytes: number }> {
  if (!existsSync(join(home, 'store'))) throw new HomeError(`There is no home at ${home} yet: nothing to back up.`)
  const release = lockForReading(home)
  try {
    return await writeArchive(home, file, version)
  } finally {
    release()
  }
}
