import type { S3Object } from '@sagebrush/contract/s3'
import type { Scope } from '@sagebrush/core'
import type { S3Context } from '../context.ts'
import type { ObjectRecord } from '../object/object.ts'
import { ownerOf } from '../owner.ts'
import { invalidArgument } from '../request-errors.ts'

const MAX_KEYS = 1000
const MAX_INTEGER = 2 ** 31 - 1

export interface ListingQuery {
  readonly bucket: string
  readonly prefix: string
  readonly delimiter: string | undefined
  /** A key or common prefix; what is listed comes after it. */
  readonly after: string | undefined
  readonly maxKeys: number
}

export interface Listing {
  readonly objects: readonly { readonly key: string; readonly object: ObjectRecord }[]
  readonly commonPrefixes: readonly string[]
  /** The last key or common prefix of a page that another follows. */
  readonly next?: string
}

/** `max-keys`, `max-uploads`, `max-parts`: at most 1,000 whatever is asked for. */
export function pageSize(asked: number | undefined, argument: string): number {
  const limit = asked ?? MAX_KEYS
  if (Number.isInteger(limit) && limit >= 0 && limit <= MAX_INTEGER) return Math.min(limit, MAX_KEYS)
  throw invalidArgument(`Argument ${argument} must be an integer between 0 and ${MAX_INTEGER}`, argument, asked)
}

/** Objects and common prefixes of a bucket in the byte order of their keys. */
export async function listObjects(ctx: S3Context, query: ListingQuery): Promise<Listing> {
  if (query.maxKeys === 0) return { objects: [], commonPrefixes: [] }
  const start = `${query.bucket}/`
  const range = await ctx.objects.range(ctx.scope, {
    prefix: start + query.prefix,
    ...(query.delimiter && { delimiter: query.delimiter }),
    ...(query.after && { after: start + query.after }),
    limit: query.maxKeys,
  })
  const objects: { key: string; object: ObjectRecord }[] = []
  const commonPrefixes: string[] = []
  let last = ''
  for (const entry of range.entries) {
    if ('row' in entry) {
      last = entry.row.name.slice(start.length)
      objects.push({ key: last, object: entry.row.value })
    } else {
      last = entry.commonPrefix.slice(start.length)
      commonPrefixes.push(last)
    }
  }
  return { objects, commonPrefixes, ...(range.truncated && { next: last }) }
}

/** How keys are written into a listing: as they are, or percent-encoded where `encoding-type=url` asks. */
export function keyWriter(encodingType: string | undefined): (key: string) => string {
  if (encodingType === undefined || encodingType === '') return (key) => key
  if (encodingType === 'url') return encodeKey
  throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', encodingType)
}

/** A space becomes `%20` and a plus `%2B`, which both ways of decoding (with `+` for a space or without) read alike. */
function encodeKey(key: string): string {
  return encodeURIComponent(key)
    .replaceAll('%2F', '/')
    .replace(/[!'()]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

export function listedObject(key: string, object: ObjectRecord, owner: Scope | undefined): S3Object {
  return {
    Key: key,
    LastModified: object.modified,
    ETag: `"${object.etag}"`,
    ...(object.checksum && { ChecksumAlgorithm: [object.checksum.algorithm], ChecksumType: object.checksum.type }),
    Size: object.sizeBytes,
    StorageClass: object.storageClass,
    ...(owner && { Owner: ownerOf(owner) }),
  }
}
