import { iamOperation } from '../context.ts'
import { pageOf } from '../paging.ts'
import { withoutTags, withTags } from '../permissions.ts'
import { changeRole, roleOf } from './change-role.ts'

export const TagRole = iamOperation('TagRole', async (input, ctx) => {
  await changeRole(ctx, input.RoleName, (role) => ({ ...role, tags: withTags(role.tags, input.Tags) }))
  return {}
})

export const UntagRole = iamOperation('UntagRole', async (input, ctx) => {
  await changeRole(ctx, input.RoleName, (role) => ({ ...role, tags: withoutTags(role.tags, input.TagKeys) }))
  return {}
})

export const ListRoleTags = iamOperation('ListRoleTags', async (input, ctx) => {
  const page = pageOf((await roleOf(ctx, input.RoleName)).tags, input)
  return { Tags: page.items.map((tag) => ({ ...tag })), ...page.more }
})
