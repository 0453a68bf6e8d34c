import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One line per file of `folder` that is missing, superfluous or other than wanted, with the first line that differs. */
export function differences(folder: string, wanted: ReadonlyMap<string, string>): string[] {
  const present = existsSync(folder) ? readdirSync(folder) : []
  const found = present.filter((file) => !wanted.has(file)).map((file) => `${file}: nothing generates this file`)
  for (const [file, text] of wanted) {
    const path = join(folder, file)
    if (!existsSync(path)) found.push(`${file}: missing`)
    else {
      const line = firstDifference(readFileSync(path, 'utf8'), text)
      if (line !== undefined) found.push(`${file}:${line}`)
    }
  }
  return found
}

function firstDifference(committed: string, generated: string): string | undefined {
  if (committed === generated) return undefined
  const [a, b] = [committed.split('\n'), generated.split('\n')]
  const at = a.findIndex((line, index) => line !== b[index])
  const index = at === -1 ? a.length : at
  return `${index + 1}\n  committed: ${excerpt(a[index])}\n  generated: ${excerpt(b[index])}`
}

function excerpt(line: string | undefined): string {
  if (line === undefined) return '(end of file)'
  return line.length > 200 ? `${line.slice(0, 200)}…` : line
}
