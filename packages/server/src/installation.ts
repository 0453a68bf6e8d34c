import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Path of a file that comes with Sagebrush and is not its own code: `python/…`, `images/…`, `examples/…`. The one place
 * that knows where they are: in a checkout at its root, in the npm package beside the command's own files.
 */
export function installed(path: string): string {
  return join(root(), path)
}

function root(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'python', 'agent'))) return folder
    if (dirname(folder) === folder) {
      throw new Error(`There is no folder python/agent above ${import.meta.filename}: install Sagebrush again.`)
    }
  }
}
