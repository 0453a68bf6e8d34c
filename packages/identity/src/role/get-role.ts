import { iamOperation } from '../context.ts'
import { findOrMakeRole } from './find-role.ts'
import { describeRoleFully, noSuchRole } from './role.ts'

/**
 * In `auto` mode a role that is not there is made: `role="MyRole"` of the Python SDK asks here for its ARN, before any
 * request names it.
 */
export const GetRole = iamOperation('GetRole', async (input, ctx) => {
  const wanted = { account: ctx.caller.account, path: '/', name: input.RoleName }
  const { role } = await findOrMakeRole(ctx, wanted, ctx.now())
  if (!role) throw noSuchRole(input.RoleName)
  return { Role: describeRoleFully(role) }
})
