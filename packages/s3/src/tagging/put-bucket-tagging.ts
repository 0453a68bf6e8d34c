import { changeBucket } from '../bucket/change-bucket.ts'
import { operation } from '../context.ts'
import { checkTags } from '../tags.ts'

export const PutBucketTagging = operation('PutBucketTagging', async (input, ctx) => {
  const tags = input.Tagging.TagSet
  checkTags(tags, 50)
  await changeBucket(ctx, input, (bucket) => ({ ...bucket, tags }))
  return {}
})
