import { ApiError } from '@sagebrush/core'
import type { IdentityContext, IdentityPorts } from '../context.ts'
import { allRows } from '../list-rows.ts'
import { revise } from '../revise.ts'
import { accountScope } from '../scopes.ts'
import { awsManagedPolicies } from './aws-managed.ts'
import { noSuchPolicy, type PolicyRecord, parsePolicyArn, policyArn, policyKey } from './policy.ts'

type Ports = Pick<IdentityPorts, 'policies'>

/** A managed policy that the account can use: one of AWS's, or one of its own. */
export async function findPolicy(ports: Ports, account: string, arn: string): Promise<PolicyRecord | undefined> {
  const place = parsePolicyArn(arn)
  if (!place) return undefined
  if (place.account === 'aws') return awsManagedPolicies.get(`arn:aws:iam::aws:policy${place.path}${place.name}`)
  if (place.account !== account) return undefined
  const policy = (await ports.policies.get(accountScope(account), policyKey(place.name)))?.value
  return policy && policyArn(policy) === arn ? policy : undefined
}

/** Refuses to attach what is not there; for one of AWS's that we do not hold, says which we do. */
export async function checkAttachable(ctx: IdentityContext, arn: string): Promise<void> {
  if (await findPolicy(ctx, ctx.caller.account, arn)) return
  const held = Array.from(awsManagedPolicies.values(), ({ name }) => name).join(', ')
  const hint = parsePolicyArn(arn)?.account === 'aws' ? ` Of AWS's managed policies Sagebrush holds: ${held}.` : ''
  throw new ApiError('NoSuchEntity', `Policy ${arn} does not exist or is not attachable.${hint}`, { status: 404 })
}

/** Changes a policy of the caller's account. */
export async function changePolicy(
  ctx: IdentityContext,
  arn: string,
  change: (policy: PolicyRecord) => PolicyRecord,
): Promise<PolicyRecord> {
  const found = await findPolicy(ctx, ctx.caller.account, arn)
  if (!found) throw noSuchPolicy(arn)
  if (found.account === 'aws') {
    throw new ApiError('AccessDenied', `The policy ${arn} is AWS's and cannot be changed.`, { status: 403 })
  }
  const changed = await revise(ctx.policies, accountScope(ctx.caller.account), policyKey(found.name), change)
  if (!changed) throw noSuchPolicy(arn)
  return changed
}

export interface PolicyUse {
  readonly kind: 'role' | 'user'
  readonly name: string
  readonly id: string
  readonly path: string
  readonly as: 'PermissionsPolicy' | 'PermissionsBoundary'
  readonly arn: string
}

/** Every use of managed policies by the roles and users of an account. */
export async function policyUses(ports: IdentityPorts, account: string): Promise<readonly PolicyUse[]> {
  const uses: PolicyUse[] = []
  for (const [kind, collection] of [['role', ports.roles] as const, ['user', ports.users] as const]) {
    for await (const { name, id, path, attached, boundary } of allRows(collection, accountScope(account))) {
      for (const arn of attached) uses.push({ kind, name, id, path, as: 'PermissionsPolicy', arn })
      if (boundary !== undefined) uses.push({ kind, name, id, path, as: 'PermissionsBoundary', arn: boundary })
    }
  }
  return uses
}
