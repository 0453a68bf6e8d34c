import type { DesiredWeightAndCapacity } from '@sagebrush/contract/sagemaker'
import { validationError } from '@sagebrush/core'
import { operation } from '../context.ts'
import { hintKey } from '../resource-key.ts'
import {
  type Deployment,
  type Endpoint,
  endpointInProgress,
  endpointNotFound,
  isInProgress,
  newInstance,
  type Retired,
  refuseFailed,
  retired,
} from './endpoint.ts'
import { requireEndpointInstances } from './plan-deployment.ts'

/** Weights count at once; added instances take requests when they are healthy, dropped ones take no more. */
export const UpdateEndpointWeightsAndCapacities = operation(
  'UpdateEndpointWeightsAndCapacities',
  async (input, ctx) => {
    const row = await ctx.endpoints.get(ctx.caller, input.EndpointName)
    if (!row) throw endpointNotFound(ctx.caller, input.EndpointName)
    const endpoint = row.value
    refuseFailed(endpoint)
    if (isInProgress(endpoint) || !endpoint.current) throw endpointInProgress(endpoint.arn)
    const { current } = endpoint
    const now = ctx.now()
    requireVariants(endpoint.arn, current, input.DesiredWeightsAndCapacities)
    await requireEndpointInstances(ctx, addedInstances(current, input.DesiredWeightsAndCapacities))
    const dropped: Retired[] = []
    const variants = current.variants.map((variant) => {
      const wanted = input.DesiredWeightsAndCapacities.find(({ VariantName }) => VariantName === variant.name)
      if (!wanted) return variant
      const count = wanted.DesiredInstanceCount ?? variant.instances.length
      dropped.push(...variant.instances.slice(count).map((instance) => retired(variant, instance, now)))
      const added = Array.from({ length: Math.max(0, count - variant.instances.length) }, () => ({
        ...newInstance(),
        added: true as const,
      }))
      const serverless = variant.serverless && { ...variant.serverless, ...wanted.ServerlessUpdateConfig }
      return {
        ...variant,
        weight: wanted.DesiredWeight ?? variant.weight,
        instances: [...variant.instances.slice(0, count), ...added],
        ...(serverless ? { serverless } : {}),
      }
    })
    if (variants.every(({ weight }) => weight === 0)) {
      throw validationError('At least one production variant must have a DesiredWeight greater than 0.')
    }
    const updated: Endpoint = {
      ...endpoint,
      status: 'Updating',
      modified: now,
      current: { ...current, variants },
      retired: [...endpoint.retired, ...dropped],
    }
    if (!(await ctx.endpoints.update(ctx.caller, input.EndpointName, row.version, updated))) {
      throw endpointInProgress(endpoint.arn)
    }
    ctx.hints.publish(hintKey('endpoint', ctx.caller, input.EndpointName))
    return { EndpointArn: endpoint.arn }
  },
)

function addedInstances({ variants }: Deployment, wanted: readonly DesiredWeightAndCapacity[]): number {
  return wanted.reduce((sum, { VariantName, DesiredInstanceCount }) => {
    const present = variants.find(({ name }) => name === VariantName)?.instances.length ?? 0
    return sum + Math.max(0, (DesiredInstanceCount ?? present) - present)
  }, 0)
}

function requireVariants(arn: string, { variants }: Deployment, wanted: readonly DesiredWeightAndCapacity[]): void {
  const names = wanted.map(({ VariantName }) => VariantName)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw validationError(`Variant names must be unique: "${twice}" is there more than once.`)
  for (const { VariantName, DesiredInstanceCount, ServerlessUpdateConfig } of wanted) {
    const variant = variants.find(({ name }) => name === VariantName)
    if (!variant) throw validationError(`Could not find variant "${VariantName}" of endpoint "${arn}".`)
    if (ServerlessUpdateConfig && !variant.serverless) {
      throw validationError(
        `Production variant "${VariantName}" is not serverless: leave ServerlessUpdateConfig out, and give DesiredInstanceCount.`,
      )
    }
    if (DesiredInstanceCount !== undefined && variant.serverless) {
      throw validationError(
        `Production variant "${VariantName}" is serverless: leave DesiredInstanceCount ${DesiredInstanceCount} out, and give ServerlessUpdateConfig.`,
      )
    }
    const { MaxConcurrency = 0, ProvisionedConcurrency = 0 } = { ...variant.serverless, ...ServerlessUpdateConfig }
    if (ProvisionedConcurrency > MaxConcurrency) {
      throw validationError(
        `Production variant "${VariantName}": ServerlessUpdateConfig leads to ProvisionedConcurrency ${ProvisionedConcurrency}, which must be no more than MaxConcurrency, which is ${MaxConcurrency}.`,
      )
    }
  }
}
