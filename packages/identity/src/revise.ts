import type { Collection, Row, Scope } from '@sagebrush/core'

/**
 * Reads a row, writes what `change` makes of it, and begins again where another writer came between.
 * Resolves to the value written, or undefined where the row is not there. `change` may throw to refuse.
 */
export async function revise<T>(
  collection: Collection<T>,
  scope: Scope,
  name: string,
  change: (value: T) => T,
): Promise<T | undefined> {
  for (;;) {
    const row: Row<T> | undefined = await collection.get(scope, name)
    if (!row) return undefined
    const value = change(row.value)
    if (await collection.update(scope, name, row.version, value)) return value
  }
}
