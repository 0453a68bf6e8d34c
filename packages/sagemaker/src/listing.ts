import {
  type Collection,
  type Condition,
  InvalidCursor,
  type ListQuery,
  type Page,
  type Projected,
  type Projection,
  type Scope,
  validationError,
} from '@sagebrush/core'

/** What AWS's List operations have in common. */
export interface Listing {
  readonly NextToken?: string
  readonly MaxResults?: number
  readonly NameContains?: string
  readonly SortOrder?: 'Ascending' | 'Descending'
}

/** AWS's page size where the request names none. */
const DEFAULT_PAGE = 10

/** One page of what a List operation's summaries are made of. Throws ValidationException for a token that another query gave. */
export async function listPage<T, const P extends Projection<T>>(
  rows: Collection<T>,
  members: P,
  scope: Scope,
  input: Listing,
  query: { readonly where: readonly Condition[]; readonly sortBy: string; readonly order: 'Ascending' | 'Descending' },
): Promise<Page<Projected<T, P>>> {
  try {
    const asked: ListQuery = {
      where: query.where,
      sortBy: query.sortBy,
      order: (input.SortOrder ?? query.order) === 'Ascending' ? 'ascending' : 'descending',
      limit: input.MaxResults ?? DEFAULT_PAGE,
      ...(input.NameContains === undefined ? {} : { nameContains: input.NameContains }),
      ...(input.NextToken === undefined ? {} : { after: input.NextToken }),
    }
    return await rows.list(scope, asked, members)
  } catch (error) {
    if (!(error instanceof InvalidCursor)) throw error
    throw validationError(
      'Invalid NextToken: it must come from the page before, of a request with the same parameters.',
    )
  }
}

/**
 * Conditions on a time. AWS documents `After` of endpoints as "greater than or equal", of all others as "after";
 * `Before` always as "before".
 */
export function within(
  field: string,
  after: Date | undefined,
  before: Date | undefined,
  lower: 'greater' | 'atLeast' = 'greater',
): Condition[] {
  return [
    ...(after ? [{ field, is: lower, value: after.getTime() } as const] : []),
    ...(before ? [{ field, is: 'less', value: before.getTime() } as const] : []),
  ]
}

/** A condition only where the request sets the filter. */
export function equals(field: string, value: string | undefined): Condition[] {
  return value === undefined ? [] : [{ field, is: 'equal', value }]
}
