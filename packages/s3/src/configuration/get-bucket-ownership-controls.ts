import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'

export const GetBucketOwnershipControls = operation('GetBucketOwnershipControls', async (input, ctx) => {
  await findBucket(ctx, input)
  return { OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' as const }] } }
})
