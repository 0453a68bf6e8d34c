import { ApiError } from '@sagebrush/core'
import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'
import { DEFAULT_PUBLIC_ACCESS_BLOCK } from './default-public-access-block.ts'

export const GetPublicAccessBlock = operation('GetPublicAccessBlock', async (input, ctx) => {
  const { publicAccessBlock = DEFAULT_PUBLIC_ACCESS_BLOCK } = (await findBucket(ctx, input)).value
  if (publicAccessBlock === 'deleted') {
    throw new ApiError('NoSuchPublicAccessBlockConfiguration', 'The public access block configuration was not found', {
      status: 404,
      members: { BucketName: input.Bucket },
    })
  }
  return { PublicAccessBlockConfiguration: publicAccessBlock }
})
