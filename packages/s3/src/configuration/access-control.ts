import { ApiError } from '@sagebrush/core'
import { findBucket } from '../bucket/find-bucket.ts'
import { operation, type S3Context } from '../context.ts'
import { findObject } from '../object/find-object.ts'
import { refuseOwnership, refuseVersion } from '../object/refusals.ts'
import { ownerOf } from '../owner.ts'

/** ACLs are off, as in AWS's new buckets: reading one tells that the owner may do everything. */
export const GetBucketAcl = operation('GetBucketAcl', async (input, ctx) => {
  await findBucket(ctx, input)
  return ownersAcl(ctx)
})

export const GetObjectAcl = operation('GetObjectAcl', async (input, ctx) => {
  refuseVersion(input.VersionId)
  await findObject(ctx, input)
  return ownersAcl(ctx)
})

export const PutBucketAcl = operation('PutBucketAcl', async (input, ctx) => {
  await findBucket(ctx, input)
  throw aclsAreOff()
})

export const PutObjectAcl = operation('PutObjectAcl', async (input, ctx) => {
  await findObject(ctx, input)
  throw aclsAreOff()
})

export const GetBucketOwnershipControls = operation('GetBucketOwnershipControls', async (input, ctx) => {
  await findBucket(ctx, input)
  return { OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' as const }] } }
})

export const PutBucketOwnershipControls = operation('PutBucketOwnershipControls', async (input, ctx) => {
  await findBucket(ctx, input)
  for (const rule of input.OwnershipControls.Rules) refuseOwnership(rule.ObjectOwnership)
  return {}
})

function ownersAcl(ctx: S3Context) {
  const owner = ownerOf(ctx.scope)
  const Grantee = { ...owner, Type: 'CanonicalUser' as const }
  return { Owner: owner, Grants: [{ Grantee, Permission: 'FULL_CONTROL' as const }] }
}

function aclsAreOff(): ApiError {
  return new ApiError('AccessControlListNotSupported', 'The bucket does not allow ACLs')
}
