import type { RangeRequest } from './messages.ts'
import { tableOf } from './schema.ts'
import type { Statements } from './statements.ts'

type Entry = readonly [name: string, version?: number, json?: string]

/**
 * Rows in the order of their bytes, folded by the delimiter. Where a name folds, the rest of its common prefix is
 * passed over by a seek, so that the work is by entries and not by rows. The caller holds a read transaction.
 */
export function rangeRows(
  statements: Statements,
  scope: number,
  request: RangeRequest,
): { entries: Entry[]; truncated: boolean } {
  const { collection, prefix, delimiter, limit } = request
  const table = tableOf(collection)
  const end = after(prefix)
  const below = end === undefined ? '' : ' AND name < ?'
  const ends = end === undefined ? [] : [end]
  const read = statements.of(`SELECT version, value FROM ${table} WHERE scope = ? AND name = ?`)
  const entries: Entry[] = []
  let start: { than: '>' | '>='; name: string } | undefined = firstPlace(request)
  while (start) {
    const sql = `SELECT name FROM ${table} WHERE scope = ? AND name ${start.than} ?${below} ORDER BY name`
    const names = statements.of(sql).iterate(scope, start.name, ...ends)
    start = undefined
    for (const { name } of names) {
      const key = String(name)
      if (entries.length === limit) return { entries, truncated: true }
      const folded = commonPrefix(key, prefix, delimiter)
      if (folded === undefined) {
        const row = read.get(scope, key)
        entries.push([key, Number(row?.version), String(row?.value)])
        continue
      }
      entries.push([folded])
      const seek = after(folded)
      start = seek === undefined ? undefined : { than: '>=', name: seek }
      break
    }
  }
  return { entries, truncated: false }
}

function firstPlace(request: RangeRequest): { than: '>' | '>='; name: string } | undefined {
  const { prefix, delimiter } = request
  const begin = { than: '>=', name: prefix } as const
  // Names and prefixes compare as UTF-8 in SQLite alone, so JavaScript must not decide which of the two is later.
  if (request.after === undefined) return begin
  if (commonPrefix(request.after, prefix, delimiter) === request.after) {
    const seek = after(request.after)
    return seek === undefined ? undefined : { than: '>=', name: seek }
  }
  if (request.after.startsWith(prefix)) return { than: '>', name: request.after }
  return Buffer.compare(Buffer.from(request.after), Buffer.from(prefix)) < 0
    ? begin
    : { than: '>', name: request.after }
}

/** All up to and including the first delimiter after the prefix. */
function commonPrefix(name: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '' || !name.startsWith(prefix)) return undefined
  const at = name.indexOf(delimiter, prefix.length)
  return at < 0 ? undefined : name.slice(0, at + delimiter.length)
}

/**
 * The least string that comes after every string with this prefix; undefined where there is none. By code points,
 * whose order is that of the UTF-8 bytes.
 */
export function after(prefix: string): string | undefined {
  const points = [...prefix]
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? 0
    if (point === 0x10ffff) continue
    // Surrogates are no characters: after U+D7FF comes U+E000.
    return points.join('') + String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1)
  }
  return undefined
}
