import { type Collection, InvalidCursor, type Scope } from '@sagebrush/core'
import { invalidMarker, type Paging } from './paging.ts'

/** One page of roles, users or policies of an account, by name; with `PathPrefix`, only those below it. */
export async function listRows<T>(
  collection: Collection<T>,
  scope: Scope,
  input: Paging & { readonly PathPrefix?: string },
) {
  const prefix = input.PathPrefix ?? '/'
  try {
    const page = await collection.list(scope, {
      where:
        prefix === '/'
          ? []
          : [
              { field: 'path', is: 'atLeast', value: prefix },
              // Paths are ASCII: whatever begins with the prefix comes before the prefix and this.
              { field: 'path', is: 'less', value: `${prefix}\u{10ffff}` },
            ],
      sortBy: 'name',
      order: 'ascending',
      limit: input.MaxItems ?? 100,
      ...(input.Marker === undefined ? {} : { after: input.Marker }),
    })
    return {
      values: page.rows.map((row) => row.value),
      more: page.next === undefined ? { IsTruncated: false } : { IsTruncated: true, Marker: page.next },
    }
  } catch (error) {
    throw error instanceof InvalidCursor ? invalidMarker() : error
  }
}

/** All rows of an account, page by page. */
export async function* allRows<T>(collection: Collection<T>, scope: Scope): AsyncIterable<T> {
  let after: string | undefined
  do {
    const page = await collection.list(scope, {
      sortBy: 'name',
      order: 'ascending',
      limit: 1000,
      ...(after === undefined ? {} : { after }),
    })
    for (const row of page.rows) yield row.value
    after = page.next
  } while (after !== undefined)
}
