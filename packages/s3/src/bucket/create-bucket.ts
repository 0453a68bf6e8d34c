import { operation } from '../context.ts'
import { refuseAcl, refuseObjectLock } from '../object/refusals.ts'
import { checkTags } from '../tags.ts'
import { bucketAlreadyOwnedByYou, bucketRegion, checkBucketName } from './bucket.ts'

export const CreateBucket = operation('CreateBucket', async (input, ctx) => {
  checkBucketName(input.Bucket)
  refuseAcl(input)
  refuseObjectLock(input.ObjectLockEnabledForBucket ? 'ObjectLockEnabledForBucket' : undefined)
  const configuration = input.CreateBucketConfiguration
  const region = bucketRegion(ctx.caller.region, configuration?.LocationConstraint)
  const tags = configuration?.Tags
  if (tags) checkTags(tags, 50)
  const made = await ctx.buckets.insert(ctx.scope, input.Bucket, { region, created: ctx.now(), ...(tags && { tags }) })
  // us-east-1 answers 200 to an owner who asks again; every other region 409.
  if (!made && region !== 'us-east-1') throw bucketAlreadyOwnedByYou(input.Bucket)
  return { Location: `/${input.Bucket}`, BucketArn: `arn:aws:s3:::${input.Bucket}` }
})
