import { iamOperation } from '../context.ts'
import { withTags } from '../permissions.ts'
import { parsePolicy } from '../policy/document.ts'
import { checkAttachable } from '../policy/find-policy.ts'
import { accountScope } from '../scopes.ts'
import { newUniqueId } from '../unique-ids.ts'
import { DEFAULT_SESSION_SECONDS, describeRoleFully, type RoleRecord, roleExists, roleKey } from './role.ts'

export const CreateRole = iamOperation('CreateRole', async (input, ctx) => {
  parsePolicy(input.AssumeRolePolicyDocument, 'trust')
  if (input.PermissionsBoundary !== undefined) await checkAttachable(ctx, input.PermissionsBoundary)
  const role: RoleRecord = {
    account: ctx.caller.account,
    name: input.RoleName,
    path: input.Path ?? '/',
    id: newUniqueId('AROA'),
    created: ctx.now(),
    trust: input.AssumeRolePolicyDocument,
    ...(input.Description === undefined ? {} : { description: input.Description }),
    maxSessionSeconds: input.MaxSessionDuration ?? DEFAULT_SESSION_SECONDS,
    tags: withTags([], input.Tags ?? []),
    inline: {},
    attached: [],
    ...(input.PermissionsBoundary === undefined ? {} : { boundary: input.PermissionsBoundary }),
  }
  if (!(await ctx.roles.insert(accountScope(role.account), roleKey(role.name), role))) throw roleExists(role.name)
  const { RoleLastUsed: _never, ...shown } = describeRoleFully(role)
  return { Role: shown }
})
