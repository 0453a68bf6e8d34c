import { iamOperation } from '../context.ts'
import { checkNoPolicies } from '../permissions.ts'
import { accountScope } from '../scopes.ts'
import { noSuchRole, roleKey } from './role.ts'

export const DeleteRole = iamOperation('DeleteRole', async (input, ctx) => {
  const scope = accountScope(ctx.caller.account)
  for (;;) {
    const row = await ctx.roles.get(scope, roleKey(input.RoleName))
    if (!row) throw noSuchRole(input.RoleName)
    checkNoPolicies(row.value)
    if (await ctx.roles.remove(scope, row.name, row.version)) return {}
  }
})
