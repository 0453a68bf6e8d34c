import { ApiError } from '@sagebrush/core'
import { changeBucket } from '../bucket/change-bucket.ts'
import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'

/** What a new bucket has since April 2023. Nothing here is ever public: unsigned requests are refused. */
const BY_DEFAULT = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
}

export const GetPublicAccessBlock = operation('GetPublicAccessBlock', async (input, ctx) => {
  const { publicAccessBlock = BY_DEFAULT } = (await findBucket(ctx, input)).value
  if (publicAccessBlock === 'deleted') {
    throw new ApiError('NoSuchPublicAccessBlockConfiguration', 'The public access block configuration was not found', {
      status: 404,
      members: { BucketName: input.Bucket },
    })
  }
  return { PublicAccessBlockConfiguration: publicAccessBlock }
})

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

export const DeletePublicAccessBlock = operation('DeletePublicAccessBlock', async (input, ctx) => {
  await changeBucket(ctx, input, (bucket) => ({ ...bucket, publicAccessBlock: 'deleted' }))
  return {}
})
