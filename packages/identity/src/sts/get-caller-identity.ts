import { stsOperation } from '../context.ts'

export const GetCallerIdentity = stsOperation('GetCallerIdentity', (_input, ctx) => ({
  UserId: ctx.caller.userId,
  Account: ctx.caller.account,
  Arn: ctx.caller.arn,
}))
