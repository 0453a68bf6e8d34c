import type { S3Context } from '../context.ts'
import type { BucketRecord } from './bucket.ts'
import { findBucket } from './find-bucket.ts'

/** Writes what `change` makes of the bucket's record, again where another request wrote it meanwhile. */
export async function changeBucket(
  ctx: S3Context,
  input: { readonly Bucket: string; readonly ExpectedBucketOwner?: string },
  change: (bucket: BucketRecord) => BucketRecord,
): Promise<void> {
  for (;;) {
    const row = await findBucket(ctx, input)
    if (await ctx.buckets.update(ctx.scope, input.Bucket, row.version, change(row.value))) return
  }
}
