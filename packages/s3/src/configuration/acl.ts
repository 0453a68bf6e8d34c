import { ApiError } from '@sagebrush/core'
import type { S3Context } from '../context.ts'
import { ownerOf } from '../owner.ts'

/** ACLs are off, as in AWS's new buckets: reading one tells that the owner may do everything. */
export function ownersAcl(ctx: S3Context) {
  const owner = ownerOf(ctx.scope)
  const Grantee = { ...owner, Type: 'CanonicalUser' as const }
  return { Owner: owner, Grants: [{ Grantee, Permission: 'FULL_CONTROL' as const }] }
}

export function aclsAreOff(): ApiError {
  return new ApiError('AccessControlListNotSupported', 'The bucket does not allow ACLs')
}
