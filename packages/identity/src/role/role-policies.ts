import { iamOperation } from '../context.ts'
import { pageOf } from '../paging.ts'
import { inlineOf, withAttached, withInline, withoutAttached, withoutInline } from '../permissions.ts'
import { checkAttachable } from '../policy/find-policy.ts'
import { attachedOf } from '../policy/policy.ts'
import { changeRole, roleOf } from './change-role.ts'

export const PutRolePolicy = iamOperation('PutRolePolicy', async (input, ctx) => {
  await changeRole(ctx, input.RoleName, (role) => withInline(role, input.PolicyName, input.PolicyDocument))
  return {}
})

export const GetRolePolicy = iamOperation('GetRolePolicy', async (input, ctx) => {
  const role = await roleOf(ctx, input.RoleName)
  const document = encodeURIComponent(inlineOf(role, 'role', input.PolicyName))
  return { RoleName: role.name, PolicyName: input.PolicyName, PolicyDocument: document }
})

export const DeleteRolePolicy = iamOperation('DeleteRolePolicy', async (input, ctx) => {
  await changeRole(ctx, input.RoleName, (role) => withoutInline(role, 'role', input.PolicyName))
  return {}
})

export const ListRolePolicies = iamOperation('ListRolePolicies', async (input, ctx) => {
  const page = pageOf(Object.keys((await roleOf(ctx, input.RoleName)).inline).sort(), input)
  return { PolicyNames: [...page.items], ...page.more }
})

export const AttachRolePolicy = iamOperation('AttachRolePolicy', async (input, ctx) => {
  await roleOf(ctx, input.RoleName)
  await checkAttachable(ctx, input.PolicyArn)
  await changeRole(ctx, input.RoleName, (role) => withAttached(role, 'role', input.PolicyArn))
  return {}
})

export const DetachRolePolicy = iamOperation('DetachRolePolicy', async (input, ctx) => {
  await changeRole(ctx, input.RoleName, (role) => withoutAttached(role, input.PolicyArn))
  return {}
})

export const ListAttachedRolePolicies = iamOperation('ListAttachedRolePolicies', async (input, ctx) => {
  const page = pageOf(attachedOf((await roleOf(ctx, input.RoleName)).attached, input.PathPrefix), input)
  return { AttachedPolicies: [...page.items], ...page.more }
})

export const PutRolePermissionsBoundary = iamOperation('PutRolePermissionsBoundary', async (input, ctx) => {
  await checkAttachable(ctx, input.PermissionsBoundary)
  await changeRole(ctx, input.RoleName, (role) => ({ ...role, boundary: input.PermissionsBoundary }))
  return {}
})

export const DeleteRolePermissionsBoundary = iamOperation('DeleteRolePermissionsBoundary', async (input, ctx) => {
  await changeRole(ctx, input.RoleName, ({ boundary: _gone, ...role }) => role)
  return {}
})

/** There are no instance profiles; tools ask before they delete a role. */
export const ListInstanceProfilesForRole = iamOperation('ListInstanceProfilesForRole', async (input, ctx) => {
  await roleOf(ctx, input.RoleName)
  return { InstanceProfiles: [], IsTruncated: false }
})
