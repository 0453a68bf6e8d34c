import { changeBucket } from '../bucket/change-bucket.ts'
import { operation } from '../context.ts'

export const PutPublicAccessBlock = operation('PutPublicAccessBlock', async (input, ctx) => {
  const asked = input.PublicAccessBlockConfiguration
  const publicAccessBlock = {
    BlockPublicAcls: asked.BlockPublicAcls ?? false,
    IgnorePublicAcls: asked.IgnorePublicAcls ?? false,
    BlockPublicPolicy: asked.BlockPublicPolicy ?? false,
    RestrictPublicBuckets: asked.RestrictPublicBuckets ?? false,
  }
  await changeBucket(ctx, input, (bucket) => ({ ...bucket, publicAccessBlock }))
  return {}
})
