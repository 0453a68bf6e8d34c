import { ApiError } from '@sagebrush/core'
import { invalidArgument, invalidRequest, notImplemented } from '../request-errors.ts'

interface AclRequest {
  readonly ACL?: string
  readonly GrantFullControl?: string
  readonly GrantRead?: string
  readonly GrantReadACP?: string
  readonly GrantWrite?: string
  readonly GrantWriteACP?: string
}

/**
 * Buckets are as AWS makes them since April 2023: ACLs are off and the owner holds everything. Canned ACLs that say
 * no more than that are taken.
 */
export function refuseAcl(input: AclRequest): void {
  const granted =
    input.GrantFullControl ?? input.GrantRead ?? input.GrantReadACP ?? input.GrantWrite ?? input.GrantWriteACP
  const harmless = ['private', 'bucket-owner-full-control', 'bucket-owner-read']
  if (granted === undefined && (input.ACL === undefined || harmless.includes(input.ACL))) return
  throw new ApiError('AccessControlListNotSupported', 'The bucket does not allow ACLs')
}

/** ACLs are off for good: the one ownership that is there is the one that says so. */
export function refuseOwnership(ownership: string): void {
  if (ownership === 'BucketOwnerEnforced') return
  throw notImplemented(`Object ownership ${ownership}`, 'Use BucketOwnerEnforced, which is the default.')
}

/** Throws where the request carries a member of object lock; `present` is its name. */
export function refuseObjectLock(present: string | undefined): void {
  if (present === undefined) return
  throw notImplemented('Object Lock', `Leave out ${present}.`)
}

interface CustomerKeyRequest {
  readonly SSECustomerAlgorithm?: string
  readonly SSECustomerKey?: string
  readonly SSECustomerKeyMD5?: string
}

export function refuseCustomerKey(input: CustomerKeyRequest): void {
  if ((input.SSECustomerAlgorithm ?? input.SSECustomerKey ?? input.SSECustomerKeyMD5) === undefined) return
  throw notImplemented(
    'Encryption with a customer-provided key (SSE-C)',
    'Leave out the x-amz-server-side-encryption-customer-* headers.',
  )
}

/** Without versioning every object has the one version `null`. */
export function refuseVersion(versionId: string | undefined): void {
  if (versionId === undefined || versionId === '' || versionId === 'null') return
  throw invalidArgument('Invalid version id specified', 'versionId', versionId)
}

interface LockRequest {
  readonly ObjectLockMode?: unknown
  readonly ObjectLockRetainUntilDate?: unknown
  readonly ObjectLockLegalHoldStatus?: unknown
  readonly ObjectLockEventHold?: unknown
  readonly ObjectLockEventHoldDurationDays?: unknown
  readonly ObjectLockEventHoldDurationYears?: unknown
}

const LOCK_MEMBERS = [
  'ObjectLockMode',
  'ObjectLockRetainUntilDate',
  'ObjectLockLegalHoldStatus',
  'ObjectLockEventHold',
  'ObjectLockEventHoldDurationDays',
  'ObjectLockEventHoldDurationYears',
] as const

/** What no request that makes an object may carry here. */
export function refuseUnsupported(input: AclRequest & CustomerKeyRequest & LockRequest): void {
  refuseAcl(input)
  refuseCustomerKey(input)
  if (LOCK_MEMBERS.some((name) => input[name] !== undefined)) {
    throw invalidRequest('Bucket is missing Object Lock Configuration')
  }
}
