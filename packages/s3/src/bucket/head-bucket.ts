import { operation } from '../context.ts'
import { findBucket } from './find-bucket.ts'

export const HeadBucket = operation('HeadBucket', async (input, ctx) => {
  const bucket = await findBucket(ctx, input)
  return { BucketRegion: bucket.value.region, BucketArn: `arn:aws:s3:::${input.Bucket}` }
})
