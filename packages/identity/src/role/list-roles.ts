import { iamOperation } from '../context.ts'
import { listRows } from '../list-rows.ts'
import { accountScope } from '../scopes.ts'
import { describeRole } from './role.ts'

export const ListRoles = iamOperation('ListRoles', async (input, ctx) => {
  const page = await listRows(ctx.roles, accountScope(ctx.caller.account), input)
  return { Roles: page.values.map(describeRole), ...page.more }
})
