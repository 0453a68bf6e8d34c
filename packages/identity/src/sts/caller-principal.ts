import { parseArn } from '@sagebrush/core'
import type { SessionRestrictions } from '../access-key/access-key.ts'
import type { IdentityContext } from '../context.ts'
import type { Permissions } from '../permissions.ts'
import { contextOf } from '../policy/request-context.ts'
import { findRole } from '../role/find-role.ts'
import { roleArn } from '../role/role.ts'
import { accountScope } from '../scopes.ts'
import { userKey } from '../user/user.ts'

export interface CallerPrincipal {
  readonly kind: 'role' | 'user' | 'account'
  /** Every ARN that a trust policy may name it by: a session's own, and its role's. */
  readonly arns: readonly string[]
  /** What bears its permissions; undefined for an account's root, which may do everything. */
  readonly holder: (Permissions & { readonly name: string }) | undefined
  readonly context: ReadonlyMap<string, readonly string[]>
  /** True where the request was signed with a session's key. */
  readonly temporary: boolean
  /** What its session was narrowed to. */
  readonly session: SessionRestrictions | undefined
}

/** Who the caller is to IAM. A role or user that was deleted meanwhile has no permissions left. */
export async function callerPrincipal(ctx: IdentityContext): Promise<CallerPrincipal> {
  const { account, arn, userId, accessKeyId } = ctx.caller
  const [kind = '', ...names] = parseArn(arn)?.resource.split('/') ?? []
  const temporary = accessKeyId.startsWith('ASIA')
  const session = (await ctx.keys.record(accessKeyId))?.session
  if (kind === 'assumed-role') {
    const name = names[0] ?? ''
    const role = await findRole(ctx, account, name)
    const arns = role ? [arn, roleArn(role)] : [arn]
    const tags = [...(role?.tags ?? []), ...(session?.tags ?? [])]
    const context = contextOf({ arn: role ? roleArn(role) : arn, account, userId, kind: 'role', tags }, ctx.now())
    return { kind: 'role', arns, holder: role ?? { name, inline: {}, attached: [] }, context, temporary, session }
  }
  if (kind === 'user') {
    const name = names.at(-1) ?? ''
    const user = (await ctx.users.get(accountScope(account), userKey(name)))?.value
    const context = contextOf({ arn, account, userId, kind: 'user', name, tags: user?.tags ?? [] }, ctx.now())
    return {
      kind: 'user',
      arns: [arn],
      holder: user ?? { name, inline: {}, attached: [] },
      context,
      temporary,
      session,
    }
  }
  const context = contextOf({ arn, account, userId, kind: 'account', tags: [] }, ctx.now())
  return { kind: 'account', arns: [arn], holder: undefined, context, temporary, session }
}
