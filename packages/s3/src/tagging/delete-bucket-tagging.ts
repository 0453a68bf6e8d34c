import { changeBucket } from '../bucket/change-bucket.ts'
import { operation } from '../context.ts'

export const DeleteBucketTagging = operation('DeleteBucketTagging', async (input, ctx) => {
  await changeBucket(ctx, input, ({ tags: _, ...bucket }) => bucket)
  return {}
})
