import type { CreateEndpointConfigInput, ProductionVariant } from '@sagebrush/contract/sagemaker'
import { validationError } from '@sagebrush/core'
import { operation } from '../context.ts'
import { modelNotFound } from '../model/model.ts'
import { endpointConfigExists, newEndpointConfig } from './endpoint-config.ts'

export const CreateEndpointConfig = operation('CreateEndpointConfig', async (input, ctx) => {
  const config = newEndpointConfig(ctx.caller, input, ctx.now())
  if (await ctx.endpointConfigs.get(ctx.caller, config.name)) throw endpointConfigExists(config.arn)
  const variants = [...input.ProductionVariants, ...(input.ShadowProductionVariants ?? [])]
  requireVariants(input, variants)
  for (const { ModelName } of variants) {
    if (ModelName !== undefined && !(await ctx.models.get(ctx.caller, ModelName)))
      throw modelNotFound(ctx.caller, ModelName)
  }
  if (input.ExecutionRoleArn) await ctx.roles.require(ctx.caller, input.ExecutionRoleArn)
  if (!(await ctx.endpointConfigs.insert(ctx.caller, config.name, config))) throw endpointConfigExists(config.arn)
  return { EndpointConfigArn: config.arn }
})

function requireVariants(input: CreateEndpointConfigInput, variants: readonly ProductionVariant[]): void {
  const names = variants.map((variant) => variant.VariantName)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw validationError(`Variant names must be unique: "${twice}" is there more than once.`)
  for (const variant of variants) {
    requireServerless(variant)
    if (variant.ServerlessConfig || variant.InstancePools) continue
    if (
      variant.InstanceType === undefined ||
      (variant.ModelName !== undefined && variant.InitialInstanceCount === undefined)
    ) {
      throw validationError(
        `Production variant "${variant.VariantName}" must name InstanceType and InitialInstanceCount, or ServerlessConfig.`,
      )
    }
  }
  if (input.ProductionVariants.every((variant) => variant.InitialVariantWeight === 0)) {
    throw validationError('At least one production variant must have an InitialVariantWeight greater than 0.')
  }
}

/** AWS's sizes: ProductionVariantServerlessConfig of the API's reference. */
const MEMORY_MIB: readonly number[] = [1024, 2048, 3072, 4096, 5120, 6144]

function requireServerless({ VariantName, InstanceType, ServerlessConfig }: ProductionVariant): void {
  if (!ServerlessConfig) return
  const { MaxConcurrency, MemorySizeInMB, ProvisionedConcurrency = 0 } = ServerlessConfig
  const where = `Production variant "${VariantName}"`
  if (InstanceType !== undefined) {
    throw validationError(`${where} names both ServerlessConfig and InstanceType ${InstanceType}: leave one out.`)
  }
  if (!MEMORY_MIB.includes(MemorySizeInMB)) {
    throw validationError(
      `${where}: ServerlessConfig.MemorySizeInMB ${MemorySizeInMB} must be one of ${MEMORY_MIB.join(', ')}.`,
    )
  }
  if (ProvisionedConcurrency > MaxConcurrency) {
    throw validationError(
      `${where}: ServerlessConfig.ProvisionedConcurrency ${ProvisionedConcurrency} must be no more than MaxConcurrency, which is ${MaxConcurrency}.`,
    )
  }
}
