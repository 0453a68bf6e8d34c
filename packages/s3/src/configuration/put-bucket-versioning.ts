import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'
import { notImplemented } from '../request-errors.ts'

export const PutBucketVersioning = operation('PutBucketVersioning', async (input, ctx) => {
  await findBucket(ctx, input)
  throw notImplemented('Bucket versioning', 'Every bucket stays unversioned: leave this request out.')
})
