import type { ServerSideEncryption, StorageClass, Tag } from '@sagebrush/contract/s3'
import { ApiError } from '@sagebrush/core'
import type { StoredChecksum } from './checksum.ts'

export type { StoredChecksum }

/** Headers that are kept with an object and told as they came. */
export interface ObjectHeaders {
  readonly CacheControl?: string
  readonly ContentDisposition?: string
  readonly ContentEncoding?: string
  readonly ContentLanguage?: string
  readonly ContentType?: string
  readonly Expires?: string
  readonly WebsiteRedirectLocation?: string
}

/** Named as a client asked for it; the bytes are protected by the home's own disk. */
export interface ObjectEncryption {
  readonly ServerSideEncryption: ServerSideEncryption
  readonly SSEKMSKeyId?: string
  readonly BucketKeyEnabled?: boolean
}

/** All of an object that does not follow from its bytes. */
export interface ObjectTemplate {
  readonly headers: ObjectHeaders
  readonly metadata: Readonly<Record<string, string>>
  readonly tags: readonly Tag[]
  readonly storageClass: StorageClass
  readonly encryption: ObjectEncryption
}

export interface ObjectPart {
  readonly number: number
  readonly sizeBytes: number
}

export interface ObjectRecord extends ObjectTemplate {
  readonly blob: string
  readonly sizeBytes: number
  /** Without quotes: MD5 in hexadecimal, of a multipart object `MD5 of the parts' MD5s-N`. */
  readonly etag: string
  /** Whole seconds, as HTTP tells it: listings and headers must agree. */
  readonly modified: Date
  readonly checksum?: StoredChecksum
  /** Of an object that was uploaded in parts. */
  readonly parts?: readonly (ObjectPart & { readonly checksum?: StoredChecksum })[]
  /** The multipart upload that made it: completing that again answers the same. */
  readonly upload?: string
}

const MAX_KEY_BYTES = 1024
const MAX_METADATA_BYTES = 2048
export const MAX_SINGLE_UPLOAD_BYTES = 5 * 1024 ** 3

/** The row's name of an object: the key's bytes follow the bucket's slash unchanged. */
export function objectName(bucket: string, key: string): string {
  return `${bucket}/${key}`
}

export function checkKey(key: string): void {
  const size = Buffer.byteLength(key)
  if (size <= MAX_KEY_BYTES) return
  throw new ApiError('KeyTooLongError', 'Your key is too long', {
    members: { Size: size, MaxSizeAllowed: MAX_KEY_BYTES },
  })
}

export function checkMetadata(metadata: Readonly<Record<string, string>>): void {
  let size = 0
  for (const [name, value] of Object.entries(metadata)) size += Buffer.byteLength(name) + Buffer.byteLength(value)
  if (size <= MAX_METADATA_BYTES) return
  throw new ApiError('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size', {
    members: { Size: size, MaxSizeAllowed: MAX_METADATA_BYTES },
  })
}

export function checkUploadSize(sizeBytes: number | undefined): void {
  if (sizeBytes === undefined || sizeBytes <= MAX_SINGLE_UPLOAD_BYTES) return
  throw new ApiError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
    members: { ProposedSize: sizeBytes, MaxSizeAllowed: MAX_SINGLE_UPLOAD_BYTES },
  })
}

export function wholeSeconds(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1000) * 1000)
}

export function noSuchKey(key: string): ApiError {
  return new ApiError('NoSuchKey', 'The specified key does not exist.', { status: 404, members: { Key: key } })
}
