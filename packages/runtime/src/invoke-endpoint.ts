import { operation } from './context.ts'
import { exchange, requireSize, withTarget } from './forward.ts'
import { answerMembers, containerHeaders } from './headers.ts'
import { modelError } from './model-error.ts'

export const InvokeEndpoint = operation('InvokeEndpoint', async (input, ctx) => {
  requireSize(ctx.router, input.Body)
  const headers = containerHeaders(input, ctx.headers)
  return withTarget(ctx.router, ctx.caller, input, async (target) => {
    const { status, headers: received, body } = await exchange(ctx.router, target, headers, input.Body)
    if (status < 200 || status > 299) throw modelError(ctx.caller, target, status, body.toString())
    return { Body: body, InvokedProductionVariant: target.variant, ...answerMembers(received) }
  })
})
