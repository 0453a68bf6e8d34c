import { operation, type S3Context } from '../context.ts'
import { removeUpload } from '../multipart/parts.ts'
import { rangeOf } from '../range-of.ts'
import { bucketNotEmpty, noSuchBucket } from './bucket.ts'
import { findBucket } from './find-bucket.ts'

export const DeleteBucket = operation('DeleteBucket', async (input, ctx) => {
  const bucket = await findBucket(ctx, input)
  if (await hasObjects(ctx, input.Bucket)) throw bucketNotEmpty(input.Bucket)
  const removed = await ctx.buckets.remove(ctx.scope, input.Bucket, bucket.version)
  if (!removed) throw noSuchBucket(ctx.scope.account, input.Bucket)
  // A put commits its object first and looks for the bucket after: one that came between is found here.
  if (await hasObjects(ctx, input.Bucket)) {
    await ctx.buckets.insert(ctx.scope, input.Bucket, removed.value)
    throw bucketNotEmpty(input.Bucket)
  }
  // S3 deletes a bucket with uploads under way; their parts must not stay.
  for await (const rows of rangeOf(ctx.uploads, ctx.scope, `${input.Bucket}/`)) {
    for (const { value } of rows) await removeUpload(ctx, ctx.scope, input.Bucket, value.id)
  }
  return {}
})

async function hasObjects(ctx: S3Context, bucket: string): Promise<boolean> {
  const { entries } = await ctx.objects.range(ctx.scope, { prefix: `${bucket}/`, limit: 1 })
  return entries.length > 0
}
