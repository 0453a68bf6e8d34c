import { iamOperation } from '../context.ts'
import { listRows } from '../list-rows.ts'
import { pageOf } from '../paging.ts'
import { checkNoPolicies, deleteConflict, withoutTags, withTags } from '../permissions.ts'
import { checkAttachable } from '../policy/find-policy.ts'
import { accountScope } from '../scopes.ts'
import { newUniqueId } from '../unique-ids.ts'
import { changeUser, userOf } from './change-user.ts'
import { describeUser, describeUserFully, noSuchUser, type UserRecord, userExists, userKey, userOwner } from './user.ts'

export const CreateUser = iamOperation('CreateUser', async (input, ctx) => {
  if (input.PermissionsBoundary !== undefined) await checkAttachable(ctx, input.PermissionsBoundary)
  const user: UserRecord = {
    account: ctx.caller.account,
    name: input.UserName,
    path: input.Path ?? '/',
    id: newUniqueId('AIDA'),
    created: ctx.now(),
    tags: withTags([], input.Tags ?? []),
    inline: {},
    attached: [],
    ...(input.PermissionsBoundary === undefined ? {} : { boundary: input.PermissionsBoundary }),
  }
  if (!(await ctx.users.insert(accountScope(user.account), userKey(user.name), user))) throw userExists(user.name)
  return { User: describeUserFully(user) }
})

export const GetUser = iamOperation('GetUser', async (input, ctx) => ({
  User: describeUserFully(await userOf(ctx, input.UserName)),
}))

export const ListUsers = iamOperation('ListUsers', async (input, ctx) => {
  const page = await listRows(ctx.users, accountScope(ctx.caller.account), input)
  return { Users: page.values.map(describeUser), ...page.more }
})

export const DeleteUser = iamOperation('DeleteUser', async (input, ctx) => {
  const scope = accountScope(ctx.caller.account)
  for (;;) {
    const row = await ctx.users.get(scope, userKey(input.UserName))
    if (!row) throw noSuchUser(input.UserName)
    checkNoPolicies(row.value)
    if ((await ctx.keys.ofUser(userOwner(row.value))).length > 0) {
      throw deleteConflict('Cannot delete entity, must delete access keys first.')
    }
    if (await ctx.users.remove(scope, row.name, row.version)) return {}
  }
})

export const TagUser = iamOperation('TagUser', async (input, ctx) => {
  await changeUser(ctx, input.UserName, (user) => ({ ...user, tags: withTags(user.tags, input.Tags) }))
  return {}
})

export const UntagUser = iamOperation('UntagUser', async (input, ctx) => {
  await changeUser(ctx, input.UserName, (user) => ({ ...user, tags: withoutTags(user.tags, input.TagKeys) }))
  return {}
})

export const ListUserTags = iamOperation('ListUserTags', async (input, ctx) => {
  const page = pageOf((await userOf(ctx, input.UserName)).tags, input)
  return { Tags: page.items.map((tag) => ({ ...tag })), ...page.more }
})

/** There are no groups; tools ask before they delete a user. */
export const ListGroupsForUser = iamOperation('ListGroupsForUser', async (input, ctx) => {
  await userOf(ctx, input.UserName)
  return { Groups: [], IsTruncated: false }
})
