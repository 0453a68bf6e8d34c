import type { Policy } from '@sagebrush/contract/iam'
import { ApiError } from '@sagebrush/core'
import { iamOperation } from '../context.ts'
import { allRows } from '../list-rows.ts'
import { pageOf } from '../paging.ts'
import { deleteConflict, withoutTags, withTags } from '../permissions.ts'
import { accountScope } from '../scopes.ts'
import { newUniqueId } from '../unique-ids.ts'
import { awsManagedPolicies } from './aws-managed.ts'
import { parsePolicy } from './document.ts'
import { changePolicy, findPolicy, type PolicyUse, policyUses } from './find-policy.ts'
import { describePolicy, noSuchPolicy, type PolicyRecord, policyArn, policyKey } from './policy.ts'

export const CreatePolicy = iamOperation('CreatePolicy', async (input, ctx) => {
  parsePolicy(input.PolicyDocument, 'identity')
  const now = ctx.now()
  const policy: PolicyRecord = {
    account: ctx.caller.account,
    name: input.PolicyName,
    path: input.Path ?? '/',
    id: newUniqueId('ANPA'),
    created: now,
    updated: now,
    ...(input.Description === undefined ? {} : { description: input.Description }),
    defaultVersion: 'v1',
    lastVersion: 1,
    versions: [{ id: 'v1', document: input.PolicyDocument, created: now }],
    tags: withTags([], input.Tags ?? []),
  }
  if (!(await ctx.policies.insert(accountScope(policy.account), policyKey(policy.name), policy))) {
    throw new ApiError(
      'EntityAlreadyExists',
      `A policy called ${policy.name} already exists. Duplicate names are not allowed.`,
      { status: 409 },
    )
  }
  return { Policy: fully(policy, []) }
})

export const GetPolicy = iamOperation('GetPolicy', async (input, ctx) => {
  const policy = await findPolicy(ctx, ctx.caller.account, input.PolicyArn)
  if (!policy) throw noSuchPolicy(input.PolicyArn)
  return { Policy: fully(policy, await policyUses(ctx, ctx.caller.account)) }
})

/** AWS's own come after the account's. */
export const ListPolicies = iamOperation('ListPolicies', async (input, ctx) => {
  const uses = await policyUses(ctx, ctx.caller.account)
  const all: PolicyRecord[] = []
  if (input.Scope !== 'AWS') {
    for await (const policy of allRows(ctx.policies, accountScope(ctx.caller.account))) all.push(policy)
  }
  if (input.Scope !== 'Local') all.push(...awsManagedPolicies.values())
  const wanted = all.filter((policy) => {
    const used = uses.some(
      (use) => use.arn === policyArn(policy) && use.as === (input.PolicyUsageFilter ?? 'PermissionsPolicy'),
    )
    return (
      policy.path.startsWith(input.PathPrefix ?? '/') && (used || (!input.OnlyAttached && !input.PolicyUsageFilter))
    )
  })
  const page = pageOf(wanted, input)
  return { Policies: page.items.map((policy) => counted(policy, uses)), ...page.more }
})

export const DeletePolicy = iamOperation('DeletePolicy', async (input, ctx) => {
  const arn = input.PolicyArn
  const uses = await policyUses(ctx, ctx.caller.account)
  const policy = await changePolicy(ctx, arn, (found) => {
    if (uses.some((use) => use.arn === arn)) throw deleteConflict('Cannot delete a policy attached to entities.')
    if (found.versions.length > 1) {
      throw deleteConflict(
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
      )
    }
    return found
  })
  await ctx.policies.remove(accountScope(policy.account), policyKey(policy.name))
  return {}
})

export const ListEntitiesForPolicy = iamOperation('ListEntitiesForPolicy', async (input, ctx) => {
  if (!(await findPolicy(ctx, ctx.caller.account, input.PolicyArn))) throw noSuchPolicy(input.PolicyArn)
  const uses = (await policyUses(ctx, ctx.caller.account)).filter(
    (use) =>
      use.arn === input.PolicyArn &&
      use.path.startsWith(input.PathPrefix ?? '/') &&
      (input.PolicyUsageFilter === undefined || use.as === input.PolicyUsageFilter) &&
      (input.EntityFilter === undefined || use.kind === input.EntityFilter.toLowerCase()),
  )
  const page = pageOf(uses, input)
  const of = (kind: PolicyUse['kind']) => page.items.filter((use) => use.kind === kind)
  return {
    PolicyGroups: [],
    PolicyUsers: of('user').map(({ name, id }) => ({ UserName: name, UserId: id })),
    PolicyRoles: of('role').map(({ name, id }) => ({ RoleName: name, RoleId: id })),
    ...page.more,
  }
})

export const TagPolicy = iamOperation('TagPolicy', async (input, ctx) => {
  await changePolicy(ctx, input.PolicyArn, (policy) => ({ ...policy, tags: withTags(policy.tags, input.Tags) }))
  return {}
})

export const UntagPolicy = iamOperation('UntagPolicy', async (input, ctx) => {
  await changePolicy(ctx, input.PolicyArn, (policy) => ({ ...policy, tags: withoutTags(policy.tags, input.TagKeys) }))
  return {}
})

export const ListPolicyTags = iamOperation('ListPolicyTags', async (input, ctx) => {
  const policy = await findPolicy(ctx, ctx.caller.account, input.PolicyArn)
  if (!policy) throw noSuchPolicy(input.PolicyArn)
  const page = pageOf(policy.tags, input)
  return { Tags: page.items.map((tag) => ({ ...tag })), ...page.more }
})

function counted(policy: PolicyRecord, uses: readonly PolicyUse[]): Policy {
  const arn = policyArn(policy)
  const count = (as: PolicyUse['as']) => uses.filter((use) => use.arn === arn && use.as === as).length
  return describePolicy(policy, count('PermissionsPolicy'), count('PermissionsBoundary'))
}

function fully(policy: PolicyRecord, uses: readonly PolicyUse[]): Policy {
  return {
    ...counted(policy, uses),
    ...(policy.description === undefined ? {} : { Description: policy.description }),
    Tags: policy.tags.map((tag) => ({ ...tag })),
  }
}
