import { ApiError } from '@sagebrush/core'

export interface Paging {
  readonly Marker?: string
  readonly MaxItems?: number
}

const DEFAULT_ITEMS = 100

export function invalidMarker(): ApiError {
  return new ApiError('ValidationError', 'Invalid Marker.', { status: 400 })
}

/** One page of a short list that is at hand whole: the marker is a position in it. */
export function pageOf<T>(items: readonly T[], { Marker, MaxItems = DEFAULT_ITEMS }: Paging) {
  const from = Marker === undefined ? 0 : Number(Marker)
  if (!Number.isInteger(from) || from < 0) throw invalidMarker()
  const to = from + MaxItems
  return {
    items: items.slice(from, to),
    more: to < items.length ? { IsTruncated: true, Marker: String(to) } : { IsTruncated: false },
  }
}
