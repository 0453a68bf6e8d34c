import { mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { FsLogStore } from './fs-log-store.ts'

export interface LogStoreOptions {
  /** Folder of the logs, made where it is missing (mode 0700). */
  readonly root: string
  /** What `ingested` is taken from. */
  readonly now?: () => Date
}

/**
 * Opens log streams kept in files, one a stream. An append that resolved survives `kill -9` of the server, for it is
 * in the kernel's hands; a power cut may take the last seconds, back to a whole batch, as only large streams are synced,
 * every few MiB and when the store closes. One process at a time may hold the folder.
 *
 * ```ts
 * const logs = await openLogStore({ root: join(home, 'logs') })
 * ```
 */
export async function openLogStore({ root, now = () => new Date() }: LogStoreOptions): Promise<FsLogStore> {
  const folder = resolve(root)
  // What was half made or half deleted when a server died.
  await rm(join(folder, 'aside'), { recursive: true, force: true })
  await mkdir(join(folder, 'aside'), { recursive: true, mode: 0o700 })
  return new FsLogStore(folder, now)
}
