import type { Policy } from '@sagebrush/contract/iam'
import { ApiError, type CollectionSpec, parseArn } from '@sagebrush/core'
import type { Tag } from '../permissions.ts'

export interface PolicyVersionRecord {
  /** `v1`, `v2`, …: never used twice. */
  readonly id: string
  /** JSON text, as it was given. */
  readonly document: string
  readonly created: Date
}

/** A managed policy of a customer. */
export interface PolicyRecord {
  /** 12 digits, or `aws`. */
  readonly account: string
  readonly name: string
  readonly path: string
  /** `ANPA…` */
  readonly id: string
  readonly created: Date
  readonly updated: Date
  readonly description?: string
  readonly defaultVersion: string
  /** Number of the last version that was ever made. */
  readonly lastVersion: number
  readonly versions: readonly PolicyVersionRecord[]
  readonly tags: readonly Tag[]
}

export const policySpec: CollectionSpec<PolicyRecord> = { name: 'iam_policy', index: { path: (policy) => policy.path } }

export function policyKey(name: string): string {
  return name.toLowerCase()
}

export function policyArn(policy: Pick<PolicyRecord, 'account' | 'path' | 'name'>): string {
  return `arn:aws:iam::${policy.account}:policy${policy.path}${policy.name}`
}

/** Account (`aws` for AWS's own), path and name of a managed policy's ARN. */
export function parsePolicyArn(arn: string): { account: string; path: string; name: string } | undefined {
  const parts = parseArn(arn)
  if (parts?.service !== 'iam' || !/^(\d{12}|aws)$/.test(parts.account)) return undefined
  const match = /^policy(\/(?:[!-~]+\/)?)([\w+=,.@-]{1,128})$/.exec(parts.resource)
  if (!match?.[1] || !match[2]) return undefined
  return { account: parts.account, path: match[1], name: match[2] }
}

/** The policy as lists show it. */
export function describePolicy(policy: PolicyRecord, attachments: number, boundaries: number): Policy {
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policyArn(policy),
    Path: policy.path,
    DefaultVersionId: policy.defaultVersion,
    AttachmentCount: attachments,
    PermissionsBoundaryUsageCount: boundaries,
    IsAttachable: true,
    CreateDate: policy.created,
    UpdateDate: policy.updated,
  }
}

export function noSuchPolicy(arn: string): ApiError {
  return new ApiError('NoSuchEntity', `Policy ${arn} was not found.`, { status: 404 })
}

/** Managed policies that are attached to a role or a user, as its lists show them. */
export function attachedOf(arns: readonly string[], pathPrefix = '/') {
  return arns
    .map((arn) => ({ PolicyArn: arn, PolicyName: arn.slice(arn.lastIndexOf('/') + 1) }))
    .filter(({ PolicyArn }) => (parsePolicyArn(PolicyArn)?.path ?? '/').startsWith(pathPrefix))
}
