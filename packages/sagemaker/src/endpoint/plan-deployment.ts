import type { ProductionVariant } from '@sagebrush/contract/sagemaker'
import { ApiError, validationError } from '@sagebrush/core'
import type { SageMakerContext } from '../context.ts'
import { type EndpointConfig, endpointConfigNotFound } from '../endpoint-config/endpoint-config.ts'
import { containersOf, type Model, modelNotFound } from '../model/model.ts'
import { modelDataOf } from '../model/model-data.ts'
import { randomId } from '../random-id.ts'
import { type Deployment, instancesOf, newInstance, type Variant } from './endpoint.ts'
import { refusedConfig, refusedModel } from './refusals.ts'

/**
 * What an endpoint configuration comes to: its variants with images resolved and instances named, so that it can run
 * though its configuration and models are deleted meanwhile. Throws ValidationException for what cannot run.
 */
export async function planDeployment(ctx: SageMakerContext, configName: string): Promise<Deployment> {
  const config = (await ctx.endpointConfigs.get(ctx.caller, configName))?.value
  if (!config) throw endpointConfigNotFound(ctx.caller, configName)
  const refused = refusedConfig(config)
  if (refused) throw refused
  // Before they are made: a slip in a count must not cost the server its memory.
  refuseAbove(
    ctx.config.endpointInstances,
    0,
    config.request.ProductionVariants.reduce((sum, one) => sum + countOf(one), 0),
  )
  const variants: Variant[] = []
  for (const variant of config.request.ProductionVariants) variants.push(await planVariant(ctx, config, variant))
  return { id: randomId(12), config: config.request, started: ctx.now(), variants }
}

async function planVariant(
  ctx: SageMakerContext,
  config: EndpointConfig,
  variant: ProductionVariant,
): Promise<Variant> {
  const name = variant.ModelName ?? ''
  const model = (await ctx.models.get(ctx.caller, name))?.value
  if (!model) throw modelNotFound(ctx.caller, name)
  const refused = refusedModel(model)
  if (refused) throw refused
  const [container] = containersOf(model)
  const uri = container?.Image ?? ''
  const resolved = await ctx.images.resolve(uri)
  if ('missing' in resolved) throw validationError(`Cannot find image "${uri}". ${resolved.missing}`)
  const command = ['serve']
  const unable = await ctx.engine.refuses({ image: resolved.image, command, hosts: ['algo-1'], serves: true })
  if (unable !== undefined) throw validationError(unable)
  const modelData = container && modelDataOf(container)
  const roleArn = roleOf(model, config)
  const timeout = variant.ContainerStartupHealthCheckTimeoutInSeconds
  return {
    name: variant.VariantName,
    weight: variant.InitialVariantWeight ?? 1,
    image: resolved.image,
    specifiedImage: uri,
    resolved: ctx.now(),
    command,
    environment: container?.Environment ?? {},
    ...(modelData ? { modelData } : {}),
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(variant.InstanceType === undefined ? {} : { instanceType: variant.InstanceType }),
    ...(variant.ServerlessConfig ? { serverless: variant.ServerlessConfig } : {}),
    ...(timeout === undefined ? {} : { startupTimeoutMs: timeout * 1000 }),
    instances: Array.from({ length: countOf(variant) }, () => newInstance()),
  }
}

function countOf(variant: ProductionVariant): number {
  return variant.ServerlessConfig ? 1 : (variant.InitialInstanceCount ?? 1)
}

function roleOf(model: Model, config: EndpointConfig): string | undefined {
  return model.request.ExecutionRoleArn ?? config.request.ExecutionRoleArn
}

/** Throws ResourceLimitExceeded where these would be more than an account may have of all its endpoints. */
export async function requireEndpointInstances(ctx: SageMakerContext, asked: number): Promise<void> {
  let used = 0
  for await (const { scope, value } of ctx.endpoints.each()) {
    if (scope.account !== ctx.caller.account || scope.region !== ctx.caller.region) continue
    used += instancesOf(value.current).length + instancesOf(value.next).length
  }
  refuseAbove(ctx.config.endpointInstances, used, asked)
}

function refuseAbove(limit: number, used: number, asked: number): void {
  if (used + asked <= limit) return
  throw new ApiError(
    'ResourceLimitExceeded',
    `The account-level service limit 'instances for endpoint usage' is ${limit} Instances, with current utilization of ${used} Instances and a request delta of ${asked} Instances. Please raise limits.endpointInstances in the server's configuration.`,
  )
}
