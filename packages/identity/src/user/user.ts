import type { User } from '@sagebrush/contract/iam'
import { ApiError, type CollectionSpec } from '@sagebrush/core'
import type { Permissions, Tag } from '../permissions.ts'

export interface UserRecord extends Permissions {
  readonly account: string
  readonly name: string
  readonly path: string
  /** `AIDA…` */
  readonly id: string
  readonly created: Date
  readonly tags: readonly Tag[]
}

/** Rows are named in lower case, as roles are. */
export const userSpec: CollectionSpec<UserRecord> = { name: 'iam_user', index: { path: (user) => user.path } }

export function userKey(name: string): string {
  return name.toLowerCase()
}

export function userArn(user: Pick<UserRecord, 'account' | 'path' | 'name'>): string {
  return `arn:aws:iam::${user.account}:user${user.path}${user.name}`
}

/** How access keys name their owner. */
export function userOwner(user: Pick<UserRecord, 'account' | 'name'>): string {
  return `${user.account}/${userKey(user.name)}`
}

export function describeUser(user: UserRecord): User {
  return {
    Path: user.path,
    UserName: user.name,
    UserId: user.id,
    Arn: userArn(user),
    CreateDate: user.created,
  }
}

export function describeUserFully(user: UserRecord): User {
  return {
    ...describeUser(user),
    ...(user.boundary === undefined
      ? {}
      : {
          PermissionsBoundary: {
            PermissionsBoundaryType: 'PermissionsBoundaryPolicy',
            PermissionsBoundaryArn: user.boundary,
          },
        }),
    ...(user.tags.length === 0 ? {} : { Tags: user.tags.map((tag) => ({ ...tag })) }),
  }
}

export function noSuchUser(name: string): ApiError {
  return new ApiError('NoSuchEntity', `The user with name ${name} cannot be found.`, { status: 404 })
}

export function userExists(name: string): ApiError {
  return new ApiError('EntityAlreadyExists', `User with name ${name} already exists.`, { status: 409 })
}
