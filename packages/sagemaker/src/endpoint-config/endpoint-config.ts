import type { CreateEndpointConfigInput, TagList } from '@sagebrush/contract/sagemaker'
import { type ApiError, type CollectionSpec, type Scope, validationError } from '@sagebrush/core'
import { resourceArn } from '../resource-key.ts'
import { tagsAtCreation } from '../tag/tag-list.ts'

/** An endpoint configuration as it is stored: the request, kept whole. It never changes, but for its tags. */
export interface EndpointConfig {
  readonly name: string
  readonly arn: string
  readonly request: Omit<CreateEndpointConfigInput, 'Tags'>
  readonly tags: TagList
  readonly created: Date
}

export const endpointConfigSpec: CollectionSpec<EndpointConfig> = {
  name: 'endpoint_configs',
  index: { created: (config) => config.created.getTime() },
}

export function newEndpointConfig(scope: Scope, input: CreateEndpointConfigInput, now: Date): EndpointConfig {
  const { Tags, ...request } = input
  const name = input.EndpointConfigName
  return { name, arn: resourceArn('endpoint-config', scope, name), request, tags: tagsAtCreation(Tags), created: now }
}

export function endpointConfigNotFound(scope: Scope, name: string): ApiError {
  return validationError(`Could not find endpoint configuration "${resourceArn('endpoint-config', scope, name)}".`)
}

export function endpointConfigExists(arn: string): ApiError {
  return validationError(`Cannot create already existing endpoint configuration "${arn}".`)
}
