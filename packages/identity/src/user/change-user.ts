import { ApiError } from '@sagebrush/core'
import type { IdentityContext } from '../context.ts'
import { revise } from '../revise.ts'
import { accountScope } from '../scopes.ts'
import { noSuchUser, type UserRecord, userKey } from './user.ts'

/** The user of the caller's account, or AWS's error. Without a name: the user who asks. */
export async function userOf(ctx: IdentityContext, name: string | undefined): Promise<UserRecord> {
  const wanted = name ?? callerName(ctx)
  const row = await ctx.users.get(accountScope(ctx.caller.account), userKey(wanted))
  if (!row) throw noSuchUser(wanted)
  return row.value
}

/** Changes a user of the caller's account. */
export async function changeUser(
  ctx: IdentityContext,
  name: string,
  change: (user: UserRecord) => UserRecord,
): Promise<UserRecord> {
  const user = await revise(ctx.users, accountScope(ctx.caller.account), userKey(name), change)
  if (!user) throw noSuchUser(name)
  return user
}

function callerName(ctx: IdentityContext): string {
  const [, name] = /:user\/(?:.*\/)?([^/]+)$/.exec(ctx.caller.arn) ?? []
  if (name !== undefined) return name
  throw new ApiError('ValidationError', 'Must specify userName when calling with non-User credentials', { status: 400 })
}
