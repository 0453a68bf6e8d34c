import type { ContainerDefinition, CreateModelInput, TagList } from '@sagebrush/contract/sagemaker'
import { type ApiError, type CollectionSpec, type Scope, validationError } from '@sagebrush/core'
import { resourceArn } from '../resource-key.ts'
import { tagsAtCreation } from '../tag/tag-list.ts'

/** A model as it is stored: the request, kept whole. It never changes, but for its tags. */
export interface Model {
  readonly name: string
  readonly arn: string
  readonly request: Omit<CreateModelInput, 'Tags'>
  readonly tags: TagList
  readonly created: Date
}

export const modelSpec: CollectionSpec<Model> = {
  name: 'models',
  index: { created: (model) => model.created.getTime() },
}

export function newModel(scope: Scope, input: CreateModelInput, now: Date): Model {
  const { Tags, ...request } = input
  return {
    name: input.ModelName,
    arn: resourceArn('model', scope, input.ModelName),
    request,
    tags: tagsAtCreation(Tags),
    created: now,
  }
}

export function modelNotFound(scope: Scope, name: string): ApiError {
  return validationError(`Could not find model "${resourceArn('model', scope, name)}".`)
}

export function modelExists(arn: string): ApiError {
  return validationError(`Cannot create already existing model "${arn}".`)
}

/** The containers of a model in the order in which a request passes them. */
export function containersOf(model: Model): readonly ContainerDefinition[] {
  const { PrimaryContainer, Containers } = model.request
  return PrimaryContainer ? [PrimaryContainer] : (Containers ?? [])
}
