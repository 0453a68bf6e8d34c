import { StagingError } from '@sagebrush/core'
import { s3Uri } from './s3-uri.ts'

const MAX_FILE_NAME_BYTES = 255

/**
 * The name that an object has below the folder that a channel's prefix means: `pre` and `pre/` name the folder `pre`,
 * and an object of exactly that name is a file beside it. So `train/a.csv` is `a.csv` under `train` as under
 * `train/`, `train.csv` is itself under `train.csv`, and `train-2/a.csv`, which the prefix `train` matches as well, is
 * `train-2/a.csv`.
 */
export function nameBelowPrefix(prefix: string, key: string): string {
  if (prefix === '' || prefix.endsWith('/')) return key.slice(prefix.length)
  if (key.startsWith(`${prefix}/`)) return key.slice(prefix.length + 1)
  return key.slice(prefix.lastIndexOf('/') + 1)
}

/** The name as a path of a file: empty parts fall away; throws StagingError for what no file can be called. */
export function fileName(bucket: string, key: string, name: string): string {
  const parts = name.split('/').filter((part) => part !== '')
  for (const part of parts) {
    if (part === '.' || part === '..' || part.includes('\0')) {
      throw unstageable(bucket, key, `the part "${part.replaceAll('\0', '\\0')}" of its key cannot be a file name`)
    }
    if (Buffer.byteLength(part) > MAX_FILE_NAME_BYTES) {
      throw unstageable(bucket, key, `a part of its key is longer than ${MAX_FILE_NAME_BYTES} bytes`)
    }
  }
  if (parts.length === 0) throw unstageable(bucket, key, 'nothing of its key is left for a file name')
  return parts.join('/')
}

export function unstageable(bucket: string, key: string, why: string): StagingError {
  return new StagingError(`The object ${s3Uri(bucket, key)} cannot be staged as a file: ${why}. Rename the object.`)
}

/** The names that one source has given so far: no two objects may share a file, and no file may be a folder too. */
export class StagedNames {
  readonly #files = new Set<string>()
  readonly #folders = new Set<string>()

  /** Throws StagingError where the object's name clashes with one before. */
  add(bucket: string, key: string, name: string): void {
    if (this.#files.has(name)) throw unstageable(bucket, key, `another object is the file "${name}" already`)
    if (this.#folders.has(name)) throw unstageable(bucket, key, `"${name}" is a folder of other objects`)
    for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1)) {
      const folder = name.slice(0, end)
      if (this.#folders.has(folder)) break
      if (this.#files.has(folder)) throw unstageable(bucket, key, `"${folder}" is an object too, and no folder`)
      this.#folders.add(folder)
    }
    this.#files.add(name)
  }
}
