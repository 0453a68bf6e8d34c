import { operation } from '../context.ts'
import { refuseAcl, refuseObjectLock, refuseOwnership } from '../object/refusals.ts'
import { notImplemented } from '../request-errors.ts'
import { checkTags } from '../tags.ts'
import { type BucketRecord, bucketAlreadyOwnedByYou, bucketRegion, checkBucketName } from './bucket.ts'

export const CreateBucket = operation('CreateBucket', async (input, ctx) => {
  checkBucketName(input.Bucket)
  refuseAcl(input)
  refuseObjectLock(input.ObjectLockEnabledForBucket ? 'ObjectLockEnabledForBucket' : undefined)
  if (input.ObjectOwnership !== undefined) refuseOwnership(input.ObjectOwnership)
  if (input.BucketNamespace !== undefined && input.BucketNamespace !== 'global') {
    throw notImplemented('A bucket namespace of its own', 'Leave out x-amz-bucket-namespace.')
  }
  const { LocationConstraint: constraint, Tags: tags } = input.CreateBucketConfiguration ?? {}
  const region = bucketRegion(ctx.caller.region, constraint)
  if (tags) checkTags(tags, 50)
  const record: BucketRecord = {
    region,
    ...(constraint === 'EU' && { location: constraint }),
    created: ctx.now(),
    ...(tags && { tags }),
  }
  const made = await ctx.buckets.insert(ctx.scope, input.Bucket, record)
  // us-east-1 answers 200 to an owner who asks again; every other region 409.
  if (!made && region !== 'us-east-1') throw bucketAlreadyOwnedByYou(input.Bucket)
  return { Location: `/${input.Bucket}`, BucketArn: `arn:aws:s3:::${input.Bucket}` }
})
