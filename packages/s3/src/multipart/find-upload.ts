import type { Row } from '@sagebrush/core'
import { findBucket } from '../bucket/find-bucket.ts'
import type { S3Context } from '../context.ts'
import { noSuchUpload, type UploadRecord, uploadName } from './upload.ts'

export interface UploadRequest {
  readonly Bucket: string
  readonly Key: string
  readonly UploadId: string
  readonly ExpectedBucketOwner?: string
}

/** The upload of this id, bucket and key; throws NoSuchBucket, NoSuchUpload or AccessDenied. */
export async function findUpload(ctx: S3Context, input: UploadRequest): Promise<Row<UploadRecord>> {
  await findBucket(ctx, input)
  const row = await ctx.uploads.get(ctx.scope, uploadName(input.Bucket, input.UploadId))
  if (row?.value.key !== input.Key) throw noSuchUpload(input.UploadId)
  return row
}
