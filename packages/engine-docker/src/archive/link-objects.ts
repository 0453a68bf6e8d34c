import { chmodSync, copyFileSync, linkSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type StagedObject, StagingError } from '@sagebrush/core'

export interface LinkOrder {
  /** Where the names are put: the lower layer of a view that nobody writes to. */
  readonly folder: string
  readonly objects: readonly StagedObject[]
  /** Names the source in messages. */
  readonly label: string
}

// A file has at most some 65,000 names: what stands in for a file that has them all. For a thread that serves one engine.
type Substitutes = Map<string, string>

/** Gives objects names below a folder, by hard links: no byte is read. Throws StagingError where two names clash. */
export function linkObjects({ folder, objects, label }: LinkOrder, substitutes: Substitutes): void {
  const made = new Set<string>()
  for (const object of objects) {
    const target = join(folder, object.name)
    const parent = dirname(target)
    try {
      if (!made.has(parent)) {
        makeFolders(folder, parent)
        made.add(parent)
      }
      place(object, target, substitutes)
    } catch (error) {
      throw inWords(error, object, label)
    }
  }
}

/** Open to whoever the container's user is; the home around them is closed to everybody else. */
function makeFolders(base: string, folder: string): void {
  const first = mkdirSync(folder, { recursive: true })
  if (first === undefined) return
  for (let each = folder; each.length >= first.length && each !== dirname(base); each = dirname(each)) {
    chmodSync(each, 0o777)
  }
}

function place({ path }: StagedObject, target: string, substitutes: Substitutes): void {
  try {
    linkSync(substitutes.get(path) ?? path, target)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EMLINK') {
      copyFileSync(path, target)
      chmodSync(target, 0o644)
      substitutes.set(path, target)
    } else if (code === 'EXDEV' || code === 'EPERM' || code === 'ENOTSUP') {
      copyFileSync(path, target)
      chmodSync(target, 0o644)
    } else throw error
  }
}

function inWords(error: unknown, { name }: StagedObject, label: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EEXIST') {
    return new StagingError(
      `${label}: the object "${name}" is also the folder of others ("${name}/…"), and a file cannot be a folder: rename one of them.`,
    )
  }
  if (code === 'ENOTDIR') {
    return new StagingError(
      `${label}: the object "${name}" needs a folder where another object is a file: rename one of them.`,
    )
  }
  return error
}

export interface WriteOrder {
  readonly folder: string
  readonly folders: readonly string[]
  readonly files: readonly { readonly path: string; readonly content: string }[]
}

/** Makes the folder with folders and small files in it, for everybody to read. */
export function writeFiles({ folder, folders, files }: WriteOrder): void {
  for (const path of ['', ...folders]) makeFolders(folder, join(folder, path))
  for (const { path, content } of files) {
    const target = join(folder, path)
    makeFolders(folder, dirname(target))
    writeFileSync(target, content, { mode: 0o644 })
    chmodSync(target, 0o644)
  }
}
