import type { Collection } from '@sagebrush/core'
import type { IdentityLog } from '../context.ts'
import { defaultTrust } from '../policy/trust.ts'
import { accountScope } from '../scopes.ts'
import { newUniqueId } from '../unique-ids.ts'
import { DEFAULT_SESSION_SECONDS, type RoleRecord, roleArn, roleKey } from './role.ts'

/** What roles that are made here may do: SageMaker's work and its data, as execution roles usually do. */
const AUTO_POLICIES = [
  'arn:aws:iam::aws:policy/AmazonSageMakerFullAccess',
  'arn:aws:iam::aws:policy/AmazonS3FullAccess',
]

export interface WantedRole {
  readonly account: string
  readonly name: string
  readonly path: string
}

/** A role that SageMaker can use and that the own account may assume. */
export function usableRole(wanted: WantedRole, now: Date, description: string, attached = AUTO_POLICIES): RoleRecord {
  return {
    ...wanted,
    id: newUniqueId('AROA'),
    created: now,
    trust: defaultTrust(wanted.account),
    description,
    maxSessionSeconds: 12 * DEFAULT_SESSION_SECONDS,
    tags: [],
    inline: {},
    attached,
  }
}

export interface RoleMaker {
  readonly roles: Collection<RoleRecord>
  readonly log: IdentityLog
}

/** `auto` mode: makes a role that a request named and that was not there, and says so in the log. */
export async function makeRole(maker: RoleMaker, wanted: WantedRole, now: Date): Promise<RoleRecord> {
  const role = usableRole(wanted, now, 'Made when a request named it')
  const scope = accountScope(wanted.account)
  if (await maker.roles.insert(scope, roleKey(role.name), role)) {
    const arn = roleArn(role)
    maker.log('info', `Role ${arn} did not exist: made it, with a trust of sagemaker.amazonaws.com`, { resource: arn })
    return role
  }
  // Another request was faster.
  return (await maker.roles.get(scope, roleKey(role.name)))?.value ?? role
}
