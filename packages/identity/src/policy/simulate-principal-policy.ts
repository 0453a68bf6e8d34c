import { ApiError, parseArn } from '@sagebrush/core'
import { type IdentityContext, iamOperation } from '../context.ts'
import { localRole } from '../role/find-role.ts'
import { noSuchRole, roleArn } from '../role/role.ts'
import { userOf } from '../user/change-user.ts'
import { userArn } from '../user/user.ts'
import { managedStatements, sourced, statementsOf } from './principal-policies.ts'
import { contextOf } from './request-context.ts'
import { checkSimulation, simulate } from './simulate.ts'

/** In `auto` mode a role that is not there is made: the Python SDK asks here before it sends the first job. */
export const SimulatePrincipalPolicy = iamOperation('SimulatePrincipalPolicy', async (input, ctx) => {
  checkSimulation(input)
  const { principal, kind, arn } = await principalOf(ctx, input.PolicySourceArn)
  const own = await statementsOf(ctx, ctx.caller.account, principal, kind)
  const more = (input.PolicyInputList ?? []).flatMap((document, at) =>
    sourced(document, `PolicyInputList.${at + 1}`, 'none'),
  )
  const boundary = input.PermissionsBoundaryPolicyInputList
    ? input.PermissionsBoundaryPolicyInputList.flatMap((document, at) =>
        sourced(document, `PermissionsBoundaryPolicyInputList.${at + 1}`, 'none'),
      )
    : principal.boundary === undefined
      ? undefined
      : await managedStatements(ctx, ctx.caller.account, principal.boundary)
  const { account, id, name, tags } = principal
  const base = contextOf({ arn: input.CallerArn ?? arn, account, userId: id, kind, name, tags }, ctx.now())
  return simulate(input, [...own, ...more], boundary, base)
})

export const SimulateCustomPolicy = iamOperation('SimulateCustomPolicy', async (input, ctx) => {
  checkSimulation(input)
  const statements = input.PolicyInputList.flatMap((document, at) =>
    sourced(document, `PolicyInputList.${at + 1}`, 'none'),
  )
  const boundary = input.PermissionsBoundaryPolicyInputList?.flatMap((document, at) =>
    sourced(document, `PermissionsBoundaryPolicyInputList.${at + 1}`, 'none'),
  )
  const now = ctx.now()
  const base = new Map<string, readonly string[]>([
    ...(input.CallerArn === undefined ? [] : [['aws:principalarn', [input.CallerArn]] as const]),
    ['aws:currenttime', [now.toISOString()]],
    ['aws:epochtime', [String(Math.floor(now.getTime() / 1000))]],
  ])
  return simulate(input, statements, boundary, base)
})

async function principalOf(ctx: IdentityContext, arn: string) {
  const parts = parseArn(arn)
  const name = parts?.resource.slice(parts.resource.lastIndexOf('/') + 1)
  if (parts?.service === 'iam' && name && parts.resource.startsWith('role/')) {
    const { role } = await localRole(ctx, ctx.caller.account, arn, ctx.now())
    if (!role) throw noSuchRole(name)
    return { kind: 'role' as const, principal: role, arn: roleArn(role) }
  }
  if (parts?.service === 'iam' && name && parts.resource.startsWith('user/') && parts.account === ctx.caller.account) {
    const user = await userOf(ctx, name)
    return { kind: 'user' as const, principal: user, arn: userArn(user) }
  }
  throw new ApiError('InvalidInput', `Invalid Entity Arn: ${arn} does not clearly define entity type and name.`, {
    status: 400,
  })
}
