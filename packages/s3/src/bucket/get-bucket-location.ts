import type { BucketLocationConstraint } from '@sagebrush/contract/s3'
import { operation } from '../context.ts'
import { findBucket } from './find-bucket.ts'

export const GetBucketLocation = operation('GetBucketLocation', async (input, ctx) => {
  const { region, location } = (await findBucket(ctx, input)).value
  // us-east-1 is told by an empty element; any region may be there, the enumeration names those of today.
  return region === 'us-east-1' ? {} : { LocationConstraint: location ?? (region as BucketLocationConstraint) }
})
