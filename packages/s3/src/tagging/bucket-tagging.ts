import { ApiError } from '@sagebrush/core'
import { changeBucket } from '../bucket/change-bucket.ts'
import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'
import { checkTags } from '../tags.ts'

export const GetBucketTagging = operation('GetBucketTagging', async (input, ctx) => {
  const { tags } = (await findBucket(ctx, input)).value
  if (tags) return { TagSet: [...tags] }
  throw new ApiError('NoSuchTagSet', 'The TagSet does not exist', {
    status: 404,
    members: { BucketName: input.Bucket },
  })
})

export const PutBucketTagging = operation('PutBucketTagging', async (input, ctx) => {
  const tags = input.Tagging.TagSet
  checkTags(tags, 50)
  await changeBucket(ctx, input, (bucket) => ({ ...bucket, tags }))
  return {}
})

export const DeleteBucketTagging = operation('DeleteBucketTagging', async (input, ctx) => {
  await changeBucket(ctx, input, ({ tags: _, ...bucket }) => bucket)
  return {}
})
