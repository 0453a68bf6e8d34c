import type { S3Context } from '../context.ts'
import { checkCopySource } from '../object/conditions.ts'
import { withObject } from '../object/find-object.ts'
import type { ObjectRecord } from '../object/object.ts'
import { refuseVersion } from '../object/refusals.ts'
import { invalidArgument, notImplemented } from '../request-errors.ts'

export interface CopySource {
  readonly bucket: string
  readonly key: string
}

export interface CopySourceRequest {
  readonly CopySource: string
  readonly CopySourceIfMatch?: string
  readonly CopySourceIfModifiedSince?: Date
  readonly CopySourceIfNoneMatch?: string
  readonly CopySourceIfUnmodifiedSince?: Date
  readonly ExpectedSourceBucketOwner?: string
  readonly CopySourceSSECustomerAlgorithm?: string
}

/** `bucket/key`, percent-encoded, with a slash before it or not and perhaps `?versionId=…` behind it. */
export function parseCopySource(header: string): CopySource {
  if (header.startsWith('arn:')) {
    throw notImplemented('An access point as x-amz-copy-source', 'Name the source as bucket/key.')
  }
  const [, path = header, version] = /^(.*?)\?versionId=([^?]*)$/s.exec(header) ?? []
  refuseVersion(version)
  const [, bucket, key] = /^\/?([^/]+)\/(.+)$/s.exec(decode(path, header)) ?? []
  if (bucket === undefined || key === undefined) throw invalidSource(header)
  return { bucket, key }
}

function decode(text: string, header: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalidSource(header)
  }
}

function invalidSource(header: string) {
  return invalidArgument(
    'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    'x-amz-copy-source',
    header,
  )
}

/** Calls `use` with the source object, once its conditions hold; see `withObject`. */
export async function withCopySource<T>(
  ctx: S3Context,
  input: CopySourceRequest,
  use: (object: ObjectRecord, source: CopySource) => Promise<T>,
): Promise<T> {
  if (input.CopySourceSSECustomerAlgorithm !== undefined) {
    throw notImplemented('Encryption with a customer-provided key (SSE-C)', 'Leave out the customer key headers.')
  }
  const source = parseCopySource(input.CopySource)
  const owner = input.ExpectedSourceBucketOwner
  const request = { Bucket: source.bucket, Key: source.key, ...(owner !== undefined && { ExpectedBucketOwner: owner }) }
  return withObject(ctx, request, (object) => {
    checkCopySource(
      {
        ...(input.CopySourceIfMatch !== undefined && { IfMatch: input.CopySourceIfMatch }),
        ...(input.CopySourceIfNoneMatch !== undefined && { IfNoneMatch: input.CopySourceIfNoneMatch }),
        ...(input.CopySourceIfModifiedSince && { IfModifiedSince: input.CopySourceIfModifiedSince }),
        ...(input.CopySourceIfUnmodifiedSince && { IfUnmodifiedSince: input.CopySourceIfUnmodifiedSince }),
      },
      object,
    )
    return use(object, source)
  })
}
