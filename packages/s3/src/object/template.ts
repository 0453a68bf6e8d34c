import type { ServerSideEncryption, StorageClass } from '@sagebrush/contract/s3'
import { ApiError } from '@sagebrush/core'
import type { BucketRecord } from '../bucket/bucket.ts'
import { invalidArgument } from '../request-errors.ts'
import { parseTagging } from '../tags.ts'
import { checkMetadata, type ObjectEncryption, type ObjectHeaders, type ObjectTemplate } from './object.ts'

interface HeaderRequest extends ObjectHeaders {
  readonly Metadata?: Readonly<Record<string, string>>
}

interface EncryptionRequest {
  readonly ServerSideEncryption?: ServerSideEncryption
  readonly SSEKMSKeyId?: string
  readonly BucketKeyEnabled?: boolean
}

export interface TemplateRequest extends HeaderRequest, EncryptionRequest {
  readonly Tagging?: string
  readonly StorageClass?: StorageClass
}

/** Archive classes need a restore before they can be read, which is not there: refused, not pretended. */
const STORAGE_CLASSES: readonly string[] = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
]

/** What a request says of the object that it makes. S3 gives `binary/octet-stream` to what comes without a type. */
export function objectTemplate(input: TemplateRequest, bucket: BucketRecord): ObjectTemplate {
  const metadata = input.Metadata ?? {}
  checkMetadata(metadata)
  return {
    headers: objectHeaders(input),
    metadata,
    tags: parseTagging(input.Tagging),
    storageClass: storageClass(input.StorageClass),
    encryption: encryption(input, bucket),
  }
}

export function objectHeaders(input: HeaderRequest): ObjectHeaders {
  const { CacheControl, ContentDisposition, ContentLanguage, Expires, WebsiteRedirectLocation } = input
  const ContentEncoding = withoutAwsChunked(input.ContentEncoding)
  return {
    ...(CacheControl !== undefined && { CacheControl }),
    ...(ContentDisposition !== undefined && { ContentDisposition }),
    ...(ContentEncoding !== undefined && { ContentEncoding }),
    ...(ContentLanguage !== undefined && { ContentLanguage }),
    ContentType: input.ContentType || 'binary/octet-stream',
    ...(Expires !== undefined && { Expires }),
    ...(WebsiteRedirectLocation !== undefined && { WebsiteRedirectLocation }),
  }
}

/** `aws-chunked` names the encoding of the request only; S3 keeps what else stands there. */
function withoutAwsChunked(encoding: string | undefined): string | undefined {
  const rest = encoding
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name.toLowerCase() !== 'aws-chunked')
  return rest && rest.length > 0 ? rest.join(',') : undefined
}

export function storageClass(asked: StorageClass | undefined): StorageClass {
  if (asked === undefined) return 'STANDARD'
  if (STORAGE_CLASSES.includes(asked)) return asked
  const message = `The storage class you specified is not valid. ${asked} is not there, for nothing could be restored from it: use one of ${STORAGE_CLASSES.join(', ')}.`
  throw new ApiError('InvalidStorageClass', message, { members: { StorageClassRequested: asked } })
}

export function encryption(input: EncryptionRequest, bucket: BucketRecord): ObjectEncryption {
  const asked = input.ServerSideEncryption
  const keyId = input.SSEKMSKeyId
  if (asked !== undefined && !['AES256', 'aws:kms', 'aws:kms:dsse'].includes(asked)) {
    throw invalidArgument('The encryption method specified is not supported', 'x-amz-server-side-encryption', asked)
  }
  if (keyId !== undefined && !asked?.startsWith('aws:kms')) {
    throw invalidArgument(
      'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
      'x-amz-server-side-encryption',
      asked,
    )
  }
  const rule = bucket.encryption?.Rules[0]
  const byDefault = rule?.ApplyServerSideEncryptionByDefault
  const defaultKeyId = asked === undefined ? byDefault?.KMSMasterKeyID : undefined
  const bucketKey = input.BucketKeyEnabled ?? rule?.BucketKeyEnabled
  return {
    ServerSideEncryption: asked ?? byDefault?.SSEAlgorithm ?? 'AES256',
    ...((keyId ?? defaultKeyId) !== undefined && { SSEKMSKeyId: keyId ?? defaultKeyId }),
    ...(bucketKey !== undefined && { BucketKeyEnabled: bucketKey }),
  }
}
