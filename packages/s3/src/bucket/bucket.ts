import { loadService, shapeOf } from '@sagebrush/contract'
import type { PublicAccessBlockConfiguration, ServerSideEncryptionConfiguration, Tag } from '@sagebrush/contract/s3'
import { ApiError } from '@sagebrush/core'

export interface BucketRecord {
  readonly region: string
  /**
   * The constraint that it was made with, where that is not the region's name: GetBucketLocation tells it, and nothing
   * else does (github.com/aws/aws-cli/issues/8522).
   */
  readonly location?: 'EU'
  readonly created: Date
  readonly tags?: readonly Tag[]
  readonly encryption?: ServerSideEncryptionConfiguration
  /** Absent: as a new bucket has it. */
  readonly publicAccessBlock?: PublicAccessBlockConfiguration | 'deleted'
}

/** Throws AWS's InvalidBucketName unless the name keeps the rules of general purpose buckets. */
export function checkBucketName(name: string): void {
  const shaped = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)
  const address = /^\d+\.\d+\.\d+\.\d+$/.test(name)
  const reserved = /^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(name)
  if (!shaped || address || reserved || name.includes('..')) throw invalidBucketName(name)
}

/**
 * The region that a new bucket gets. us-east-1 is the one endpoint that makes buckets of any region and the one
 * region that a constraint must not name.
 */
export function bucketRegion(endpointRegion: string, constraint: string | undefined): string {
  const endpoint = endpointRegion === 'aws-global' ? 'us-east-1' : endpointRegion
  if (constraint === undefined || constraint === '') {
    if (endpoint === 'us-east-1') return endpoint
    throw illegalLocation('unspecified', endpoint)
  }
  if (!isLocation(constraint)) {
    throw new ApiError('InvalidLocationConstraint', 'The specified location-constraint is not valid', {
      members: { LocationConstraint: constraint },
    })
  }
  const region = constraint === 'EU' ? 'eu-west-1' : constraint
  if (endpoint !== 'us-east-1' && endpoint !== region) throw illegalLocation(constraint, endpoint)
  return region
}

/** us-east-1 is not among the model's. */
function isLocation(constraint: string): boolean {
  const shape = shapeOf(loadService('s3'), 'BucketLocationConstraint')
  return shape.type === 'string' && shape.enum?.includes(constraint) === true
}

function illegalLocation(constraint: string, endpoint: string): ApiError {
  return new ApiError(
    'IllegalLocationConstraintException',
    `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    { members: { Region: endpoint } },
  )
}

export function invalidBucketName(name: string): ApiError {
  return new ApiError('InvalidBucketName', 'The specified bucket is not valid.', { members: { BucketName: name } })
}

/** AWS's sentence, then what it leaves to the reader to find out: which bucket, and how to get to one that AWS has. */
export function noSuchBucket(account: string, name: string): ApiError {
  const message = `The specified bucket does not exist. There is no bucket ${name} in account ${account}. ${bucketRemedy(name)}`
  return new ApiError('NoSuchBucket', message, { status: 404, members: { BucketName: name } })
}

/** What to do about a bucket that is not there. */
export function bucketRemedy(name: string): string {
  return `Create it and put its objects there; for the bucket of that name in AWS, add its host (such as ${name}.s3.amazonaws.com) to the setting proxy.passThrough and ask that host.`
}

export function invalidBucketOwner(owner: string): ApiError {
  return new ApiError(
    'InvalidBucketOwnerAWSAccountID',
    'The value of the expected bucket owner parameter must be an AWS account ID',
    { members: { AWSAccountId: owner } },
  )
}

export function bucketAlreadyOwnedByYou(name: string): ApiError {
  return new ApiError(
    'BucketAlreadyOwnedByYou',
    'Your previous request to create the named bucket succeeded and you already own it.',
    { status: 409, members: { BucketName: name } },
  )
}

export function bucketNotEmpty(name: string): ApiError {
  return new ApiError('BucketNotEmpty', 'The bucket you tried to delete is not empty', {
    status: 409,
    members: { BucketName: name },
  })
}
