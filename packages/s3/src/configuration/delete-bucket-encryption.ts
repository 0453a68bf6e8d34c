import { changeBucket } from '../bucket/change-bucket.ts'
import { operation } from '../context.ts'

export const DeleteBucketEncryption = operation('DeleteBucketEncryption', async (input, ctx) => {
  await changeBucket(ctx, input, ({ encryption: _, ...bucket }) => bucket)
  return {}
})
