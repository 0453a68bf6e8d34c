import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ObjectReader } from '@sagebrush/core'
import type { ImageTable } from '@sagebrush/managed-images'

export interface ProcessEngineOptions {
  /** Folder of the tasks, made where it is missing; hidden in every task. On the blobs' disk, or staging copies. */
  readonly root: string
  /** Folder of environments, made where it is missing. Servers share it. */
  readonly cache: string
  /** Folder of pip's caches, one for each account, made where it is missing; a task sees its own account's alone. */
  readonly homeCache: string
  readonly objects: ObjectReader
  readonly images: ImageTable
  /** The in-task toolkit: a folder with `bin/train` and `bin/serve`. */
  readonly toolkit: string
  /** Files and folders that no task may see: the server's home, its keys. Missing ones are passed over. */
  readonly hide: readonly string[]
  /** Files and folders that every task may read, even below hidden ones or /tmp. Missing ones are passed over. */
  readonly show?: readonly string[]
  /** Where tasks find the server, and the certificates to trust (one of `show`). */
  readonly server: { readonly host: string; readonly caBundle: string }
  /** The server's own environment variables: `PATH`, `HOME`, `PIP_*`, proxies and the like are taken from them. */
  readonly variables: Readonly<Record<string, string | undefined>>
  /** `none` runs tasks without namespaces even where the machine has them. Default `auto`. */
  readonly isolation?: 'auto' | 'none'
  /** The supervisor's sources: the folder `python/agent`. */
  readonly agent: string
  /** Hears of what no caller is told: a task's background preparation that broke. */
  readonly log?: (message: string, error: unknown) => void
}

/** The file names of a task's folder. They are its format: a newer server reads what an older one wrote. */
export function taskFiles(root: string, id: string) {
  const folder = join(root, id)
  return {
    folder,
    spec: join(folder, 'spec.json'),
    state: join(folder, 'state.json'),
    stop: join(folder, 'stop.json'),
    control: join(folder, 'control'),
    lock: join(folder, 'lock'),
    log: join(folder, 'log'),
    errors: join(folder, 'supervisor.log'),
    hint: join(hintFolder(root), id),
  }
}

/** One folder for all tasks' hints, so that one watcher sees them all. */
export function hintFolder(root: string): string {
  return join(root, '.hints')
}

export function shortHash(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16)
}
