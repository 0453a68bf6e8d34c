import { operation } from '../context.ts'
import { noSuchStream } from '../errors.ts'
import { findGroup } from '../log-group/find-group.ts'

export const DeleteLogStream = operation('DeleteLogStream', async (input, ctx) => {
  await findGroup(ctx, input.logGroupName)
  if (!(await ctx.logStore.deleteStream(ctx.caller, input.logGroupName, input.logStreamName))) throw noSuchStream()
  return {}
})
