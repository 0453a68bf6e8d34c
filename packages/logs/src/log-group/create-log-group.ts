import { operation } from '../context.ts'
import { groupExists } from '../errors.ts'
import { changeSettings } from './find-group.ts'

export const CreateLogGroup = operation('CreateLogGroup', async (input, ctx) => {
  if (!(await ctx.logStore.createGroup(ctx.caller, input.logGroupName, ctx.now()))) throw groupExists()
  const { kmsKeyId, logGroupClass, deletionProtectionEnabled } = input
  await changeSettings(ctx, input.logGroupName, () => ({
    tags: input.tags ?? {},
    ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
    ...(logGroupClass === undefined ? {} : { logGroupClass }),
    ...(deletionProtectionEnabled === undefined ? {} : { deletionProtection: deletionProtectionEnabled }),
  }))
  return {}
})
