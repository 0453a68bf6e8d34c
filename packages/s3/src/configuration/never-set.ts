import { ApiError } from '@sagebrush/core'
import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'

/**
 * Configurations that no bucket here has, for each Put of them is refused: reading one answers as AWS does for a
 * bucket where it was never set, which is what clients are prepared for, and deleting one has nothing to do. They
 * stand together because each is that one sentence.
 */
export const GetBucketPolicy = absent('GetBucketPolicy', 'NoSuchBucketPolicy', 'The bucket policy does not exist')
export const GetBucketPolicyStatus = absent(
  'GetBucketPolicyStatus',
  'NoSuchBucketPolicy',
  'The bucket policy does not exist',
)
export const GetBucketCors = absent('GetBucketCors', 'NoSuchCORSConfiguration', 'The CORS configuration does not exist')
export const GetBucketLifecycle = absent(
  'GetBucketLifecycle',
  'NoSuchLifecycleConfiguration',
  'The lifecycle configuration does not exist',
)
export const GetBucketLifecycleConfiguration = absent(
  'GetBucketLifecycleConfiguration',
  'NoSuchLifecycleConfiguration',
  'The lifecycle configuration does not exist',
)
export const GetBucketReplication = absent(
  'GetBucketReplication',
  'ReplicationConfigurationNotFoundError',
  'The replication configuration was not found',
)
export const GetBucketWebsite = absent(
  'GetBucketWebsite',
  'NoSuchWebsiteConfiguration',
  'The specified bucket does not have a website configuration',
)
export const GetObjectLockConfiguration = absent(
  'GetObjectLockConfiguration',
  'ObjectLockConfigurationNotFoundError',
  'Object Lock configuration does not exist for this bucket',
)

export const GetBucketLogging = empty('GetBucketLogging')
export const GetBucketNotificationConfiguration = empty('GetBucketNotificationConfiguration')
export const GetBucketAccelerateConfiguration = empty('GetBucketAccelerateConfiguration')
export const DeleteBucketPolicy = empty('DeleteBucketPolicy')
export const DeleteBucketCors = empty('DeleteBucketCors')
export const DeleteBucketLifecycle = empty('DeleteBucketLifecycle')
export const DeleteBucketReplication = empty('DeleteBucketReplication')
export const DeleteBucketWebsite = empty('DeleteBucketWebsite')

export const GetBucketRequestPayment = operation('GetBucketRequestPayment', async (input, ctx) => {
  await findBucket(ctx, input)
  return { Payer: 'BucketOwner' as const }
})

type AbsentName =
  | 'GetBucketPolicy'
  | 'GetBucketPolicyStatus'
  | 'GetBucketCors'
  | 'GetBucketLifecycle'
  | 'GetBucketLifecycleConfiguration'
  | 'GetBucketReplication'
  | 'GetBucketWebsite'
  | 'GetObjectLockConfiguration'

function absent<Name extends AbsentName>(name: Name, code: string, message: string) {
  return operation(name, async (input, ctx) => {
    await findBucket(ctx, input)
    throw new ApiError(code, message, { status: 404, members: { BucketName: input.Bucket } })
  })
}

type EmptyName =
  | 'GetBucketLogging'
  | 'GetBucketNotificationConfiguration'
  | 'GetBucketAccelerateConfiguration'
  | 'DeleteBucketPolicy'
  | 'DeleteBucketCors'
  | 'DeleteBucketLifecycle'
  | 'DeleteBucketReplication'
  | 'DeleteBucketWebsite'

function empty<Name extends EmptyName>(name: Name) {
  return operation(name, async (input, ctx) => {
    await findBucket(ctx, input)
    return {}
  })
}
