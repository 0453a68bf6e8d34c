import type { Collection, Row, Scope } from '@sagebrush/core'

const BATCH = 1000

/** Rows whose name starts with `prefix`, in byte order, page by page; never an empty page. */
export async function* rangeOf<T>(
  collection: Collection<T>,
  scope: Scope,
  prefix: string,
  limit = BATCH,
): AsyncIterable<readonly Row<T>[]> {
  let after: string | undefined
  do {
    const page = await collection.range(scope, { prefix, limit, ...(after !== undefined && { after }) })
    const rows = page.entries.flatMap((entry) => ('row' in entry ? [entry.row] : []))
    after = page.truncated ? rows.at(-1)?.name : undefined
    if (rows.length > 0) yield rows
  } while (after !== undefined)
}
