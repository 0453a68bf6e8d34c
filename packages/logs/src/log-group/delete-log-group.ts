import { ApiError } from '@sagebrush/core'
import { operation } from '../context.ts'
import { noSuchGroup } from '../errors.ts'
import { settingsOf } from './find-group.ts'

export const DeleteLogGroup = operation('DeleteLogGroup', async (input, ctx) => {
  if ((await settingsOf(ctx, input.logGroupName)).deletionProtection) {
    throw new ApiError(
      'ValidationException',
      `The log group ${input.logGroupName} is protected from deletion. Turn the protection off with PutLogGroupDeletionProtection first.`,
    )
  }
  if (!(await ctx.logStore.deleteGroup(ctx.caller, input.logGroupName))) throw noSuchGroup()
  await ctx.settings.remove(ctx.caller, input.logGroupName)
  return {}
})
