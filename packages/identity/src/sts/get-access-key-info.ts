import { ApiError } from '@sagebrush/core'
import { stsOperation } from '../context.ts'

export const GetAccessKeyInfo = stsOperation('GetAccessKeyInfo', async (input, ctx) => {
  const key = await ctx.keys.record(input.AccessKeyId)
  if (!key) {
    throw new ApiError('ValidationError', `The access key ${input.AccessKeyId} is not known here.`, { status: 400 })
  }
  return { Account: key.account }
})
