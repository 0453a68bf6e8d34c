import { type ApiError, validationError } from '@sagebrush/core'
import type { EndpointConfig } from '../endpoint-config/endpoint-config.ts'
import { containersOf, type Model } from '../model/model.ts'

/** What a configuration may describe and no endpoint here can run yet: said at once, not after minutes. */
export function refusedConfig(config: EndpointConfig): ApiError | undefined {
  const { request } = config
  const where = `Endpoint configuration "${config.name}"`
  if (request.AsyncInferenceConfig) return validationError(`${where}: AsyncInferenceConfig is not supported yet.`)
  if (request.ShadowProductionVariants?.length)
    return validationError(`${where}: ShadowProductionVariants are not supported yet.`)
  if (request.ExplainerConfig) return validationError(`${where}: ExplainerConfig is not supported yet.`)
  for (const variant of request.ProductionVariants) {
    const of = `${where}, production variant "${variant.VariantName}"`
    if (variant.ModelName === undefined)
      return validationError(`${of}: inference components are not supported yet: give ModelName.`)
    if (variant.InstancePools) return validationError(`${of}: InstancePools are not supported yet: give InstanceType.`)
  }
  return undefined
}

export function refusedModel(model: Model): ApiError | undefined {
  const containers = containersOf(model)
  const where = `Model "${model.name}"`
  if (containers.length > 1) {
    return validationError(`${where} has ${containers.length} containers: inference pipelines are not supported yet.`)
  }
  const [container] = containers
  if (container?.Mode === 'MultiModel')
    return validationError(`${where}: container mode MultiModel is not supported yet.`)
  if (container?.AdditionalModelDataSources?.length) {
    return validationError(`${where}: AdditionalModelDataSources are not supported yet: put them into ModelDataUrl.`)
  }
  return undefined
}
