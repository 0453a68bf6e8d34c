import { ApiError } from '@sagebrush/core'
import { operation } from './context.ts'

/** No endpoint can be made for it yet, and CreateEndpoint says so; this is for who tries it on another. */
export const InvokeEndpointAsync = operation('InvokeEndpointAsync', (input) => {
  throw new ApiError(
    'ValidationError',
    `Endpoint ${input.EndpointName} does not take asynchronous invocations: they are not supported yet. Use InvokeEndpoint.`,
  )
})
