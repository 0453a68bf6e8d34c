import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'
import { ownersAcl } from './acl.ts'

/** ACLs are off, as in AWS's new buckets: reading one tells that the owner may do everything. */
export const GetBucketAcl = operation('GetBucketAcl', async (input, ctx) => {
  await findBucket(ctx, input)
  return ownersAcl(ctx)
})
