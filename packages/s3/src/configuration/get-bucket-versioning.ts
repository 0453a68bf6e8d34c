import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'

/** An answer without a status means that versioning was never enabled. */
export const GetBucketVersioning = operation('GetBucketVersioning', async (input, ctx) => {
  await findBucket(ctx, input)
  return {}
})
