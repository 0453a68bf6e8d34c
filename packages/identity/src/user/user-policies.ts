import { iamOperation } from '../context.ts'
import { pageOf } from '../paging.ts'
import { inlineOf, withAttached, withInline, withoutAttached, withoutInline } from '../permissions.ts'
import { checkAttachable } from '../policy/find-policy.ts'
import { attachedOf } from '../policy/policy.ts'
import { changeUser, userOf } from './change-user.ts'

export const PutUserPolicy = iamOperation('PutUserPolicy', async (input, ctx) => {
  await changeUser(ctx, input.UserName, (user) => withInline(user, input.PolicyName, input.PolicyDocument))
  return {}
})

export const GetUserPolicy = iamOperation('GetUserPolicy', async (input, ctx) => {
  const user = await userOf(ctx, input.UserName)
  const document = encodeURIComponent(inlineOf(user, 'user', input.PolicyName))
  return { UserName: user.name, PolicyName: input.PolicyName, PolicyDocument: document }
})

export const DeleteUserPolicy = iamOperation('DeleteUserPolicy', async (input, ctx) => {
  await changeUser(ctx, input.UserName, (user) => withoutInline(user, 'user', input.PolicyName))
  return {}
})

export const ListUserPolicies = iamOperation('ListUserPolicies', async (input, ctx) => {
  const page = pageOf(Object.keys((await userOf(ctx, input.UserName)).inline).sort(), input)
  return { PolicyNames: [...page.items], ...page.more }
})

export const AttachUserPolicy = iamOperation('AttachUserPolicy', async (input, ctx) => {
  await userOf(ctx, input.UserName)
  await checkAttachable(ctx, input.PolicyArn)
  await changeUser(ctx, input.UserName, (user) => withAttached(user, 'user', input.PolicyArn))
  return {}
})

export const DetachUserPolicy = iamOperation('DetachUserPolicy', async (input, ctx) => {
  await changeUser(ctx, input.UserName, (user) => withoutAttached(user, input.PolicyArn))
  return {}
})

export const ListAttachedUserPolicies = iamOperation('ListAttachedUserPolicies', async (input, ctx) => {
  const page = pageOf(attachedOf((await userOf(ctx, input.UserName)).attached, input.PathPrefix), input)
  return { AttachedPolicies: [...page.items], ...page.more }
})

export const PutUserPermissionsBoundary = iamOperation('PutUserPermissionsBoundary', async (input, ctx) => {
  await checkAttachable(ctx, input.PermissionsBoundary)
  await changeUser(ctx, input.UserName, (user) => ({ ...user, boundary: input.PermissionsBoundary }))
  return {}
})

export const DeleteUserPermissionsBoundary = iamOperation('DeleteUserPermissionsBoundary', async (input, ctx) => {
  await changeUser(ctx, input.UserName, ({ boundary: _gone, ...user }) => user)
  return {}
})
