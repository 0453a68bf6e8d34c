import type { Operations } from '@sagebrush/contract'
import { operationsOf, type RequestContext } from '@sagebrush/core'
import type { Router } from './router.ts'

/** What the operations of SageMaker Runtime may reach: the router, and nothing that is stored. */
export interface RuntimeContext extends RequestContext {
  readonly router: Router
}

export const operation = operationsOf<Operations['sagemaker-runtime'], RuntimeContext>()
