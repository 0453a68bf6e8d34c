import { statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Whether there is such a file, executable or not, as far as its folders can be read. */
export function isInPath(program: string, path = ''): boolean {
  const places = program.includes('/') ? [program] : path.split(delimiter).map((folder) => join(folder || '.', program))
  return places.some((place) => {
    try {
      return statSync(place).isFile()
    } catch {
      return false
    }
  })
}
