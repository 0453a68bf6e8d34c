import { ApiError } from '@sagebrush/core'
import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'

export const GetBucketTagging = operation('GetBucketTagging', async (input, ctx) => {
  const { tags } = (await findBucket(ctx, input)).value
  if (tags) return { TagSet: [...tags] }
  throw new ApiError('NoSuchTagSet', 'The TagSet does not exist', {
    status: 404,
    members: { BucketName: input.Bucket },
  })
})
