import { existsSync } from 'node:fs'
import { copyFile, cp, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FsBlobs } from '@sagebrush/blobs-fs'
import type { FsLogStore } from '@sagebrush/logs-fs'
import type { FileStore } from '@sagebrush/store-sqlite'

const ABANDONED_MS = 86_400_000

export interface Snapshotted {
  readonly store: FileStore
  readonly blobs: FsBlobs
  readonly logStore: FsLogStore
}

/**
 * Makes a folder inside the home that holds it as it is now, while it goes on: the rows of one moment, second names of
 * all bytes and logs. Costs no copying but of the rows. Whoever asked for it removes it. Resolves to its path.
 *
 * The order matters: what rows point at was stored before them, so bytes are taken after rows, and nothing may be
 * removed in between. Logs come last: a job that the rows show as ended has its last line.
 */
export async function takeSnapshot(home: string, { store, blobs, logStore }: Snapshotted): Promise<string> {
  const parent = snapshots(home)
  await removeSnapshots(home, ABANDONED_MS)
  await mkdir(parent, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(parent, 'snapshot-'))
  try {
    const release = blobs.hold()
    try {
      await mkdir(join(folder, 'store'), { mode: 0o700 })
      await store.copyTo(join(folder, 'store', 'state.db'))
      await blobs.linkAll(join(folder, 'blobs'))
    } finally {
      await release()
    }
    await logStore.linkAll(join(folder, 'logs'))
    if (existsSync(join(home, 'proxy'))) await cp(join(home, 'proxy'), join(folder, 'proxy'), { recursive: true })
    if (existsSync(join(home, 'config.yaml'))) await copyFile(join(home, 'config.yaml'), join(folder, 'config.yaml'))
    return folder
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** Removes what backups that never ended have left: those older than `minAgeMs`. */
export async function removeSnapshots(home: string, minAgeMs: number): Promise<void> {
  if (!existsSync(snapshots(home))) return
  for (const name of await readdir(snapshots(home))) {
    const path = join(snapshots(home), name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }))
    if (Date.now() - mtimeMs >= minAgeMs) await rm(path, { recursive: true, force: true })
  }
}

function snapshots(home: string): string {
  return join(home, 'snapshots')
}
