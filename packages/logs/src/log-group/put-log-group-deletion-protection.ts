import { operation } from '../context.ts'
import { changeSettings, findGroup, groupNameOf } from './find-group.ts'

export const PutLogGroupDeletionProtection = operation('PutLogGroupDeletionProtection', async (input, ctx) => {
  const group = await findGroup(ctx, groupNameOf(ctx.caller, { logGroupIdentifier: input.logGroupIdentifier }))
  await changeSettings(ctx, group.name, (settings) => ({
    ...settings,
    deletionProtection: input.deletionProtectionEnabled,
  }))
  return {}
})
