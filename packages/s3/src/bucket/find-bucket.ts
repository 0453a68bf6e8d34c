import type { Row } from '@sagebrush/core'
import type { S3Context } from '../context.ts'
import { accessDenied } from '../request-errors.ts'
import { type BucketRecord, invalidBucketOwner, noSuchBucket } from './bucket.ts'

/** The caller's bucket; throws NoSuchBucket, or AccessDenied where the request expects another owner. */
export async function findBucket(
  ctx: S3Context,
  input: { readonly Bucket: string; readonly ExpectedBucketOwner?: string },
): Promise<Row<BucketRecord>> {
  const expected = input.ExpectedBucketOwner
  if (expected !== undefined && !/^\d{12}$/.test(expected)) throw invalidBucketOwner(expected)
  const row = await ctx.buckets.get(ctx.scope, input.Bucket)
  if (!row) throw noSuchBucket(ctx.scope.account, input.Bucket)
  if (expected !== undefined && expected !== ctx.scope.account) throw accessDenied()
  return row
}
