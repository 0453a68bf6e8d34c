import type {
  CreateEndpointConfigInput,
  DeploymentConfig,
  EndpointStatus,
  ProductionVariantServerlessConfig,
  TagList,
} from '@sagebrush/contract/sagemaker'
import { type ApiError, type CollectionSpec, type Scope, type TaskImage, validationError } from '@sagebrush/core'
import type { ModelData } from '../model/model-data.ts'
import { randomId } from '../random-id.ts'
import { resourceArn } from '../resource-key.ts'

/** One serving task. A replacement of a dead one is a new instance with an id of its own. */
export interface Instance {
  readonly taskId: string
  /** `i-…`, as the log stream names it. */
  readonly name: string
  /** True once `/ping` has answered: it may take requests. */
  readonly ready: boolean
  /** When that was first seen; absent where the row is older than this field. */
  readonly healthySince?: Date
  /** How many instances before it died in its place. */
  readonly restarts: number
  /** Not started before: the pause after a death. */
  readonly notBefore?: Date
  /** By a change of capacity that is under way: where one of these cannot start, all of them are taken away. */
  readonly added?: true
}

/** A variant with all that its tasks need, so that neither its configuration nor its model need stay. */
export interface Variant {
  readonly name: string
  readonly weight: number
  readonly image: TaskImage
  readonly specifiedImage: string
  readonly resolved: Date
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly modelData?: ModelData
  /** Without one the task gets no credentials. */
  readonly roleArn?: string
  readonly instanceType?: string
  readonly serverless?: ProductionVariantServerlessConfig
  /** Until `/ping` must answer, where the configuration says so. */
  readonly startupTimeoutMs?: number
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
  readonly logStream: string
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
  /** Of what is served; of what was asked for while nothing is. */
  readonly configName: string
  /** What is served. */
  readonly current?: Deployment
  /** What is being brought up; the current one serves until it is ready. */
  readonly next?: Deployment
  readonly retired: readonly Retired[]
  readonly deploymentConfig?: DeploymentConfig
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

/** In AWS's words, "update" also where it is to be deleted: github.com/aws/amazon-sagemaker-operator-for-k8s, sagemaker_client.go. */
export function endpointInProgress(arn: string): ApiError {
  return validationError(`Cannot update in-progress endpoint "${arn}".`)
}

/**
 * DeleteEndpoint is the only operation on a failed endpoint (DescribeEndpoint, EndpointStatus). One whose update failed
 * is in service as before, and can be updated. The first words are AWS's, which Terraform's acceptance tests
 * match; the rest is ours.
 */
export function refuseFailed(endpoint: Endpoint): void {
  if (endpoint.status !== 'Failed') return
  throw validationError(
    `Cannot update failed endpoint "${endpoint.arn}". Delete it and create it again: ${endpoint.failureReason ?? 'its FailureReason is not known'}`,
  )
}

export function endpointLogGroup(name: string): string {
  return `/aws/sagemaker/Endpoints/${name}`
}

export function logStreamOf(variant: Variant, instance: Instance): string {
  return `${variant.name}/${instance.name}`
}

export function isInProgress(endpoint: Endpoint): boolean {
  return endpoint.status === 'Creating' || endpoint.status === 'Updating' || endpoint.status === 'Deleting'
}

export function instancesOf(deployment: Deployment | undefined): readonly Instance[] {
  return deployment?.variants.flatMap((variant) => variant.instances) ?? []
}

/** The instances of a deployment, from now on without requests. */
export function retire(deployment: Deployment | undefined, now: Date): Retired[] {
  return deployment?.variants.flatMap((variant) => variant.instances.map((one) => retired(variant, one, now))) ?? []
}

export function retired(variant: Variant, instance: Instance, now: Date): Retired {
  return { taskId: instance.taskId, logStream: logStreamOf(variant, instance), since: now }
}
