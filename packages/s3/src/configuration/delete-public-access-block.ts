import { changeBucket } from '../bucket/change-bucket.ts'
import { operation } from '../context.ts'

export const DeletePublicAccessBlock = operation('DeletePublicAccessBlock', async (input, ctx) => {
  await changeBucket(ctx, input, (bucket) => ({ ...bucket, publicAccessBlock: 'deleted' }))
  return {}
})
