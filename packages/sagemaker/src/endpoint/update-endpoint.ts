import type { UpdateEndpointInput } from '@sagebrush/contract/sagemaker'
import { operation } from '../context.ts'
import { hintKey } from '../resource-key.ts'
import {
  type Deployment,
  type Endpoint,
  endpointInProgress,
  endpointNotFound,
  instancesOf,
  isInProgress,
  newInstance,
  refuseFailed,
} from './endpoint.ts'
import { planDeployment, requireEndpointInstances } from './plan-deployment.ts'

/** The old instances go on serving; the reconciler switches once the new ones are healthy. */
export const UpdateEndpoint = operation('UpdateEndpoint', async (input, ctx) => {
  const row = await ctx.endpoints.get(ctx.caller, input.EndpointName)
  if (!row) throw endpointNotFound(ctx.caller, input.EndpointName)
  const endpoint = row.value
  refuseFailed(endpoint)
  if (isInProgress(endpoint)) throw endpointInProgress(endpoint.arn)
  const planned = await planDeployment(ctx, input.EndpointConfigName)
  const next = input.RetainAllVariantProperties ? retaining(planned, endpoint.current, input) : planned
  await requireEndpointInstances(ctx, instancesOf(next).length)
  const { failureReason: _old, deploymentConfig, ...rest } = endpoint
  const wanted = input.DeploymentConfig ?? (input.RetainDeploymentConfig ? deploymentConfig : undefined)
  const updated: Endpoint = {
    ...rest,
    status: 'Updating',
    modified: ctx.now(),
    next,
    ...(wanted ? { deploymentConfig: wanted } : {}),
  }
  // Only an operation that came between changes the version of an endpoint at rest, or its reconciler after a death.
  if (!(await ctx.endpoints.update(ctx.caller, input.EndpointName, row.version, updated))) {
    throw endpointInProgress(endpoint.arn)
  }
  ctx.hints.publish(hintKey('endpoint', ctx.caller, input.EndpointName))
  return { EndpointArn: endpoint.arn }
})

/**
 * RetainAllVariantProperties: weights, counts and data capture of variants that stay, but for the excluded ones. Where
 * it is not true, all come from the new configuration, and so do those that ExcludeRetainedVariantProperties names: as
 * AWS's reference has it, that list means something only beside RetainAllVariantProperties, and is no error without.
 */
function retaining(planned: Deployment, current: Deployment | undefined, input: UpdateEndpointInput): Deployment {
  const excluded = (input.ExcludeRetainedVariantProperties ?? []).map((property) => property.VariantPropertyType)
  const variants = planned.variants.map((variant) => {
    const old = current?.variants.find(({ name }) => name === variant.name)
    if (!old) return variant
    const weight = excluded.includes('DesiredWeight') ? variant.weight : old.weight
    const count = excluded.includes('DesiredInstanceCount') ? variant.instances.length : old.instances.length
    return { ...variant, weight, instances: Array.from({ length: count }, () => newInstance()) }
  })
  const { DataCaptureConfig: _planned, ...withoutCapture } = planned.config
  const capture = current?.config.DataCaptureConfig
  const config = excluded.includes('DataCaptureConfig')
    ? planned.config
    : { ...withoutCapture, ...(capture ? { DataCaptureConfig: capture } : {}) }
  return { ...planned, variants, config }
}
