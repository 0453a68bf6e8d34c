import { type ChecksumMembers, type ChecksumType, checksumMembers } from './checksum.ts'
import type { ObjectRecord } from './object.ts'
import type { Selection } from './range.ts'

interface ResponseOverrides {
  readonly ResponseCacheControl?: string
  readonly ResponseContentDisposition?: string
  readonly ResponseContentEncoding?: string
  readonly ResponseContentLanguage?: string
  readonly ResponseContentType?: string
  readonly ResponseExpires?: Date
}

/** What GetObject and HeadObject tell of an object, `response-*` parameters outranking what is stored. */
export function describeObject(object: ObjectRecord, selection: Selection, overrides: ResponseOverrides) {
  const stored = object.headers
  const told = {
    CacheControl: overrides.ResponseCacheControl ?? stored.CacheControl,
    ContentDisposition: overrides.ResponseContentDisposition ?? stored.ContentDisposition,
    ContentEncoding: overrides.ResponseContentEncoding ?? stored.ContentEncoding,
    ContentLanguage: overrides.ResponseContentLanguage ?? stored.ContentLanguage,
    ContentType: overrides.ResponseContentType ?? stored.ContentType,
    Expires: overrides.ResponseExpires?.toUTCString() ?? stored.Expires,
    WebsiteRedirectLocation: stored.WebsiteRedirectLocation,
    ContentRange: selection.contentRange,
    PartsCount: selection.partsCount,
    TagCount: object.tags.length > 0 ? object.tags.length : undefined,
    // S3 leaves the header out for the standard class.
    StorageClass: object.storageClass === 'STANDARD' ? undefined : object.storageClass,
  }
  return {
    ...withoutUndefined(told),
    AcceptRanges: 'bytes',
    ContentLength: selection.length,
    ETag: `"${object.etag}"`,
    LastModified: object.modified,
    Metadata: { ...object.metadata },
    ...object.encryption,
  }
}

type Present<T> = { [name in keyof T]?: Exclude<T[name], undefined> }

function withoutUndefined<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Present<T>
}

/** The checksum goes with the whole object only: of a range there is none that a client could check. */
export function checksumHeaders(
  object: ObjectRecord,
  selection: Selection,
  mode: string | undefined,
): ChecksumMembers & { ChecksumType?: ChecksumType } {
  const whole = selection.length === object.sizeBytes
  if (mode?.toUpperCase() !== 'ENABLED' || !whole || !object.checksum) return {}
  return { ...checksumMembers(object.checksum), ChecksumType: object.checksum.type }
}
