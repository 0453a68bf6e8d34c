import type { ResponseStream } from '@sagebrush/contract/sagemaker-runtime'
import type { Dispatcher } from 'undici'
import { operation } from './context.ts'
import { requireSize, withTarget } from './forward.ts'
import { answerMembers, containerHeaders } from './headers.ts'
import { isTimeout, modelError } from './model-error.ts'

/** Each part goes on as the container sends it. */
export const InvokeEndpointWithResponseStream = operation('InvokeEndpointWithResponseStream', async (input, ctx) => {
  requireSize(ctx.router, input.Body)
  const headers = containerHeaders(input, ctx.headers)
  return withTarget(ctx.router, ctx.caller, input, async (target) => {
    const { instance } = target
    instance.begin()
    const answered = ctx.router.rightOfWay.begin()
    const answer = await instance.pool
      .request({ method: 'POST', path: '/invocations', headers, body: input.Body ?? null, signal: ctx.signal })
      .catch((error: unknown) => {
        instance.end()
        throw error
      })
      .finally(answered)
    // Bound to the stream and not to its reader, for a client that goes before it reads.
    answer.body.once('close', () => instance.end())
    const { statusCode: status } = answer
    if (status < 200 || status > 299) throw modelError(ctx.caller, target, status, await answer.body.text())
    const { NewSessionId: _new, ClosedSessionId: _closed, ...members } = answerMembers(answer.headers)
    return { Body: parts(answer), InvokedProductionVariant: target.variant, ...members }
  })
})

/** An answer that breaks off ends with the modelled event: its status has been sent long before. */
async function* parts(answer: Dispatcher.ResponseData): AsyncGenerator<ResponseStream> {
  try {
    for await (const chunk of answer.body) yield { PayloadPart: { Bytes: chunk } }
  } catch (error) {
    const late = isTimeout(error)
    yield {
      ModelStreamError: {
        Message: late
          ? 'The model did not send the next part of its response in time.'
          : `The response of the model broke off: ${error instanceof Error ? error.message : String(error)}`,
        ErrorCode: late ? 'ModelInvocationTimeExceeded' : 'StreamBroken',
      },
    }
  }
}
