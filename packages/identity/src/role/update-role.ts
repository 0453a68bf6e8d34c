import { iamOperation } from '../context.ts'
import { parsePolicy } from '../policy/document.ts'
import { changeRole } from './change-role.ts'
import { DEFAULT_SESSION_SECONDS, describeRole } from './role.ts'

/** A duration that is left out goes back to one hour, as the API's page says. */
export const UpdateRole = iamOperation('UpdateRole', async (input, ctx) => {
  await changeRole(ctx, input.RoleName, (role) => ({
    ...role,
    ...(input.Description === undefined ? {} : { description: input.Description }),
    maxSessionSeconds: input.MaxSessionDuration ?? DEFAULT_SESSION_SECONDS,
  }))
  return {}
})

export const UpdateRoleDescription = iamOperation('UpdateRoleDescription', async (input, ctx) => {
  const role = await changeRole(ctx, input.RoleName, (found) => ({ ...found, description: input.Description }))
  return { Role: describeRole(role) }
})

export const UpdateAssumeRolePolicy = iamOperation('UpdateAssumeRolePolicy', async (input, ctx) => {
  parsePolicy(input.PolicyDocument, 'trust')
  await changeRole(ctx, input.RoleName, (role) => ({ ...role, trust: input.PolicyDocument }))
  return {}
})
