import { operation } from '../context.ts'
import { noSuchGroup } from '../errors.ts'
import { changeSettings } from './find-group.ts'

export const DeleteRetentionPolicy = operation('DeleteRetentionPolicy', async (input, ctx) => {
  if (!(await ctx.logStore.setRetention(ctx.caller, input.logGroupName, undefined))) throw noSuchGroup()
  await changeSettings(ctx, input.logGroupName, ({ retentionDays: _gone, ...settings }) => settings)
  return {}
})
