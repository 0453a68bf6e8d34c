import type { IdentityContext } from '../context.ts'
import { revise } from '../revise.ts'
import { accountScope } from '../scopes.ts'
import { findRole } from './find-role.ts'
import { noSuchRole, type RoleRecord, roleKey } from './role.ts'

/** The role of the caller's account, or AWS's error. */
export async function roleOf(ctx: IdentityContext, name: string): Promise<RoleRecord> {
  const role = await findRole(ctx, ctx.caller.account, name)
  if (!role) throw noSuchRole(name)
  return role
}

/** Changes a role of the caller's account. */
export async function changeRole(
  ctx: IdentityContext,
  name: string,
  change: (role: RoleRecord) => RoleRecord,
): Promise<RoleRecord> {
  const role = await revise(ctx.roles, accountScope(ctx.caller.account), roleKey(name), change)
  if (!role) throw noSuchRole(name)
  return role
}
