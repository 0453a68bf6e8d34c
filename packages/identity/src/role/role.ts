import type { Role } from '@sagebrush/contract/iam'
import { ApiError, type Arn, type CollectionSpec, parseArn } from '@sagebrush/core'
import type { Permissions, Tag } from '../permissions.ts'

export interface RoleRecord extends Permissions {
  readonly account: string
  readonly name: string
  /** `/` or `/service-role/`: begins and ends with a slash. */
  readonly path: string
  /** `AROA…` */
  readonly id: string
  readonly created: Date
  /** The trust policy, a JSON text, as it was given. */
  readonly trust: string
  readonly description?: string
  readonly maxSessionSeconds: number
  readonly tags: readonly Tag[]
}

/** Rows are named in lower case: IAM takes two names that differ in case only for the same. */
export const roleSpec: CollectionSpec<RoleRecord> = { name: 'iam_role', index: { path: (role) => role.path } }

export const DEFAULT_SESSION_SECONDS = 3600

export function roleKey(name: string): string {
  return name.toLowerCase()
}

export function roleArn(role: Pick<RoleRecord, 'account' | 'path' | 'name'>): string {
  return `arn:aws:iam::${role.account}:role${role.path}${role.name}`
}

/** `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`: the role's path is left out, as AWS does. */
export function sessionArn(role: Pick<RoleRecord, 'account' | 'name'>, sessionName: string): string {
  return `arn:aws:sts::${role.account}:assumed-role/${role.name}/${sessionName}`
}

/** Account, path and name of a role's ARN, of any partition; undefined where it is none. */
export function parseRoleArn(arn: string): { account: string; path: string; name: string } | undefined {
  const parts: Arn | undefined = parseArn(arn)
  if (parts?.service !== 'iam' || parts.region !== '' || !/^\d{12}$/.test(parts.account)) return undefined
  const match = /^role(\/(?:[!-~]+\/)?)([\w+=,.@-]{1,64})$/.exec(parts.resource)
  if (!match?.[1] || !match[2]) return undefined
  return { account: parts.account, path: match[1], name: match[2] }
}

/** The role as the API shows it; lists leave out tags and the boundary. */
export function describeRole(role: RoleRecord): Role {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: roleArn(role),
    CreateDate: role.created,
    AssumeRolePolicyDocument: encodeURIComponent(role.trust),
    ...(role.description === undefined ? {} : { Description: role.description }),
    MaxSessionDuration: role.maxSessionSeconds,
  }
}

export function describeRoleFully(role: RoleRecord): Role {
  return {
    ...describeRole(role),
    ...(role.boundary === undefined
      ? {}
      : {
          PermissionsBoundary: {
            PermissionsBoundaryType: 'PermissionsBoundaryPolicy',
            PermissionsBoundaryArn: role.boundary,
          },
        }),
    ...(role.tags.length === 0 ? {} : { Tags: role.tags.map((tag) => ({ ...tag })) }),
    RoleLastUsed: {},
  }
}

export function noSuchRole(name: string): ApiError {
  return new ApiError('NoSuchEntity', `The role with name ${name} cannot be found.`, { status: 404 })
}

export function roleExists(name: string): ApiError {
  return new ApiError('EntityAlreadyExists', `Role with name ${name} already exists.`, { status: 409 })
}

/** SageMaker's refusal, in its words, of a role that it cannot use. */
export function cannotAssumeRole(arn: string): ApiError {
  return new ApiError(
    'ValidationException',
    `Could not assume role ${arn}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role.`,
    { status: 400 },
  )
}
