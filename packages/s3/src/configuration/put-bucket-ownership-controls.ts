import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'
import { refuseOwnership } from '../object/refusals.ts'

export const PutBucketOwnershipControls = operation('PutBucketOwnershipControls', async (input, ctx) => {
  await findBucket(ctx, input)
  for (const rule of input.OwnershipControls.Rules) refuseOwnership(rule.ObjectOwnership)
  return {}
})
