import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'
import { notImplemented } from '../request-errors.ts'

/** An answer without a status means that versioning was never enabled. */
export const GetBucketVersioning = operation('GetBucketVersioning', async (input, ctx) => {
  await findBucket(ctx, input)
  return {}
})

export const PutBucketVersioning = operation('PutBucketVersioning', async (input, ctx) => {
  await findBucket(ctx, input)
  throw notImplemented('Bucket versioning', 'Every bucket stays unversioned: leave this request out.')
})
