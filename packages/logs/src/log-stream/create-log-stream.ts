import { LogStreamMissing } from '@sagebrush/core'
import { operation } from '../context.ts'
import { noSuchGroup, streamExists } from '../errors.ts'

export const CreateLogStream = operation('CreateLogStream', async (input, ctx) => {
  try {
    const { logGroupName, logStreamName } = input
    if (!(await ctx.logStore.createStream(ctx.caller, logGroupName, logStreamName, ctx.now()))) throw streamExists()
  } catch (error) {
    throw error instanceof LogStreamMissing ? noSuchGroup() : error
  }
  return {}
})
