import { invalidToken } from './errors.ts'

/** What stands before the place: botocore's paginators take a starting token that is JSON in Base64 for their own. */
const MARK = '~'

/** A place in a list, as an opaque text. */
export function writeToken(place: unknown): string {
  return Buffer.from(MARK + JSON.stringify(place)).toString('base64url')
}

/** Reads what `writeToken` wrote; throws InvalidParameterException for anything that `isPlace` does not know. */
export function readToken<T>(token: string, isPlace: (value: unknown) => value is T): T {
  const text = Buffer.from(token, 'base64url').toString('utf8')
  let place: unknown
  try {
    place = text.startsWith(MARK) ? JSON.parse(text.slice(MARK.length)) : undefined
  } catch {
    throw invalidToken()
  }
  if (!isPlace(place)) throw invalidToken()
  return place
}

/** Cuts a page out of a whole list: the items after `token`, `limit` of them; a token where more follow. */
export function pageOf<T>(
  items: readonly T[],
  follows: (item: T) => boolean,
  limit: number,
  placeOf: (item: T) => unknown,
): { readonly items: readonly T[]; readonly nextToken?: string } {
  const rest = items.filter(follows)
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  return last === undefined || rest.length === page.length
    ? { items: page }
    : { items: page, nextToken: writeToken(placeOf(last)) }
}
