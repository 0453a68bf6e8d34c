import type { RequestContext, RightOfWay } from '@sagebrush/core'
import type { RuntimeConfig } from './config.ts'
import type { RuntimeContext } from './context.ts'
import { InvokeEndpoint } from './invoke-endpoint.ts'
import { InvokeEndpointAsync } from './invoke-endpoint-async.ts'
import { InvokeEndpointWithResponseStream } from './invoke-endpoint-with-response-stream.ts'
import { Router } from './router.ts'

export const runtimeOperations = { InvokeEndpoint, InvokeEndpointAsync, InvokeEndpointWithResponseStream }

export interface Runtime {
  readonly operations: typeof runtimeOperations
  /** The table that SageMaker's endpoint reconciler writes. */
  readonly router: Router
  context(request: RequestContext): RuntimeContext
  close(): Promise<void>
}

/** SageMaker Runtime: the data plane of endpoints. Holds connections, stores nothing. */
export function openRuntime(config: Partial<RuntimeConfig> = {}, rightOfWay?: RightOfWay): Runtime {
  const router = new Router(config, rightOfWay)
  return {
    operations: runtimeOperations,
    router,
    context: (request) => ({ ...request, router }),
    close: () => router.close(),
  }
}
