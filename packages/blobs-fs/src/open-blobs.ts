import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { FsBlobs } from './fs-blobs.ts'
import { removeLeftovers } from './incoming.ts'

export interface BlobsOptions {
  /** Folder of the blobs, made where it is missing (mode 0700). */
  readonly root: string
  /** False leaves writes to the page cache: for tests that write much. Default true. */
  readonly fsync?: boolean
  /** Awaited between two slices of a large blob, so that others get their turn. Default: one turn of the event loop. */
  readonly giveWay?: () => Promise<void>
}

/**
 * Opens a folder of immutable files and removes what dead writers left in it.
 *
 * ```ts
 * const blobs = await openBlobs({ root: join(home, 'blobs') })
 * const { id, digests } = await blobs.create(request, { digests: ['md5', 'sha256'] })
 * ```
 */
export async function openBlobs({ root, fsync = true, giveWay = nextTurn }: BlobsOptions): Promise<FsBlobs> {
  const folder = resolve(root)
  await mkdir(join(folder, 'incoming'), { recursive: true, mode: 0o700 })
  await removeLeftovers(folder)
  return new FsBlobs(folder, { fsync, giveWay })
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
