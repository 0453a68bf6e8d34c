import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'

/** One thing about this machine: `bad` is needed and missing, `poor` works with something less. */
export interface Finding {
  readonly name: string
  readonly state: 'good' | 'poor' | 'bad'
  readonly found: string
  /** What to do, where there is something to do. */
  readonly fix?: string
}

/** The path itself, or the nearest folder above it that is there. */
export async function nearestFolder(path: string): Promise<string> {
  try {
    await statfs(path)
    return path
  } catch {
    return nearestFolder(dirname(path))
  }
}
