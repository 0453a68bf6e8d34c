import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'
import { aclsAreOff } from './acl.ts'

export const PutBucketAcl = operation('PutBucketAcl', async (input, ctx) => {
  await findBucket(ctx, input)
  throw aclsAreOff()
})
