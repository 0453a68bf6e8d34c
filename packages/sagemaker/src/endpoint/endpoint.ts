import type {
  CreateEndpointConfigInput,
  DeploymentConfig,
  EndpointStatus,
  ProductionVariantServerlessConfig,
  TagList,
} from '@sagebrush/contract/sagemaker'
import { type ApiError, type CollectionSpec, type ManagedImage, type Scope, validationError } from '@sagebrush/core'
import { randomId } from '../random-id.ts'
import { resourceArn } from '../resource-key.ts'

/** One serving task. A replacement of a dead one is a new instance with an id of its own. */
export interface Instance {
  readonly taskId: string
  /** `i-…`, as the log stream names it. */
  readonly name: string
  /** True once `/ping` has answered: it may take requests. */
  readonly ready: boolean
  /** How many instances before it died in its place. */
  readonly restarts: number
  /** Not started before: the pause after a death. */
  readonly notBefore?: Date
}

/** A variant with all that its tasks need, so that neither its configuration nor its model need stay. */
export interface Variant {
  readonly name: string
  readonly weight: number
  readonly desiredWeight: number
  readonly image: ManagedImage
  readonly specifiedImage: string
  readonly resolved: Date
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly modelData?: { readonly uri: string; readonly kind: 'archive' | 'prefix' | 'object' }
  readonly roleArn: string
  readonly serverless?: ProductionVariantServerlessConfig
  readonly startupTimeoutMs: number
  readonly instances: readonly Instance[]
}

/** One endpoint configuration as it runs. */
export interface Deployment {
  readonly id: string
  readonly config: Omit<CreateEndpointConfigInput, 'Tags'>
  readonly started: Date
  readonly variants: readonly Variant[]
}

/** Instances that take no more requests: stopped as soon as none is in flight. */
export interface Retired {
  readonly taskId: string
  readonly since: Date
}

export interface Endpoint {
  readonly name: string
  readonly arn: string
  readonly tags: TagList
  readonly created: Date
  readonly modified: Date
  readonly status: EndpointStatus
  readonly failureReason?: string
  /** What is served. */
  readonly current?: Deployment
  /** What is being brought up; the current one serves until it is ready. */
  readonly next?: Deployment
  readonly retired: readonly Retired[]
  readonly deploymentConfig?: DeploymentConfig
  /** True where a role was made for it: the log says so. */
  readonly roleCreated: boolean
}

export const endpointSpec: CollectionSpec<Endpoint> = {
  name: 'endpoints',
  index: {
    created: (endpoint) => endpoint.created.getTime(),
    modified: (endpoint) => endpoint.modified.getTime(),
    status: (endpoint) => endpoint.status,
  },
}

export function newInstance(restarts = 0, notBefore?: Date): Instance {
  return {
    taskId: `ep-${randomId(16)}`,
    name: `i-${randomId(16)}`,
    ready: false,
    restarts,
    ...(notBefore ? { notBefore } : {}),
  }
}

export function endpointNotFound(scope: Scope, name: string): ApiError {
  return validationError(`Could not find endpoint "${resourceArn('endpoint', scope, name)}".`)
}

export function endpointExists(arn: string): ApiError {
  return validationError(`Cannot create already existing endpoint "${arn}".`)
}

export function endpointInProgress(arn: string): ApiError {
  return validationError(`Cannot update in-progress endpoint "${arn}".`)
}
