import type { Operations } from '@sagebrush/contract'
import {
  type Caller,
  type Collection,
  type Engine,
  type ExecutionRoles,
  type Hints,
  type Objects,
  operationsOf,
  type RequestContext,
  type TaskImage,
} from '@sagebrush/core'
import type { SageMakerConfig } from './config.ts'
import type { Endpoint } from './endpoint/endpoint.ts'
import type { EndpointConfig } from './endpoint-config/endpoint-config.ts'
import type { Model } from './model/model.ts'
import type { TrainingJob } from './training-job/training-job.ts'

/** What runs for an image reference: an image of the container engine, or the managed one that stands in. */
export interface Images {
  /** `missing` says, in words for the user, that there is none and which names come nearest. */
  resolve(uri: string): Promise<{ readonly image: TaskImage } | { readonly missing: string }>
}

/** The rows of this service. */
export interface SageMakerCollections {
  readonly trainingJobs: Collection<TrainingJob>
  readonly models: Collection<Model>
  readonly endpointConfigs: Collection<EndpointConfig>
  readonly endpoints: Collection<Endpoint>
}

/** What SageMaker's operations may reach. They record intent: only reconcilers start or stop anything. */
export interface SageMakerContext extends RequestContext, SageMakerCollections {
  readonly caller: Caller
  readonly hints: Hints
  readonly roles: ExecutionRoles
  readonly images: Images
  readonly objects: Objects
  readonly engine: Pick<Engine, 'refuses'>
  readonly config: SageMakerConfig
}

export const operation = operationsOf<Operations['sagemaker'], SageMakerContext>()
