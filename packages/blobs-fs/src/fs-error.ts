import { BlobMissing, DiskFull } from '@sagebrush/core'

export function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined
}

/** A full disk or quota as the port's error; anything else as it is. */
export function asDiskFull(cause: unknown, root: string): unknown {
  const code = codeOf(cause)
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return cause
  return new DiskFull(`The disk that holds ${root} is full: free some space, or move the home to a larger disk`, {
    cause,
  })
}

/** A missing file as the port's error; anything else as it is. */
export function asMissing(cause: unknown, id: string): unknown {
  return codeOf(cause) === 'ENOENT' ? new BlobMissing(`There is no blob "${id}"`, { cause }) : cause
}
