import type { Operations } from '@sagebrush/contract'
import { type Collection, operationsOf, type RequestContext } from '@sagebrush/core'
import type { KeyRing } from './access-key/key-ring.ts'
import type { AccountRecord } from './account/account.ts'
import type { PolicyRecord } from './policy/policy.ts'
import type { RoleRecord } from './role/role.ts'
import type { UserRecord } from './user/user.ts'

/**
 * What happens where a request names a role that is not there: `auto` makes it, with a trust of SageMaker and of its
 * own account; `strict` answers as AWS does.
 */
export type IdentityMode = 'auto' | 'strict'

/** Takes what people should know of; never a secret. */
export type IdentityLog = (level: 'info' | 'warn', message: string, fields: Readonly<Record<string, string>>) => void

/** What identity's operations may reach, beside the request. */
export interface IdentityPorts {
  readonly mode: IdentityMode
  readonly keys: KeyRing
  readonly accounts: Collection<AccountRecord>
  readonly users: Collection<UserRecord>
  readonly roles: Collection<RoleRecord>
  readonly policies: Collection<PolicyRecord>
  readonly log: IdentityLog
}

export type IdentityContext = RequestContext & IdentityPorts

export const iamOperation = operationsOf<Operations['iam'], IdentityContext>()
export const stsOperation = operationsOf<Operations['sts'], IdentityContext>()
