import type { ProductionVariant } from '@sagebrush/contract/sagemaker'
import { operation } from '../context.ts'
import { endpointConfigNotFound } from './endpoint-config.ts'

export const DescribeEndpointConfig = operation('DescribeEndpointConfig', async (input, ctx) => {
  const config = (await ctx.endpointConfigs.get(ctx.caller, input.EndpointConfigName))?.value
  if (!config) throw endpointConfigNotFound(ctx.caller, input.EndpointConfigName)
  const { ProductionVariants, ShadowProductionVariants, ...request } = config.request
  return {
    ...request,
    EndpointConfigArn: config.arn,
    CreationTime: config.created,
    EnableNetworkIsolation: request.EnableNetworkIsolation ?? false,
    ProductionVariants: ProductionVariants.map(withDefaults),
    ...(ShadowProductionVariants ? { ShadowProductionVariants: ShadowProductionVariants.map(withDefaults) } : {}),
  }
})

/** AWS's size of the volume by instance type, as it echoes it where the request leaves it out. */
const VOLUME_GIB: Readonly<Record<string, number>> = { 'ml.t2.medium': 4, 'ml.m4.xlarge': 16 }

function withDefaults(variant: ProductionVariant): ProductionVariant {
  const volume = VOLUME_GIB[variant.InstanceType ?? '']
  return {
    InitialVariantWeight: 1,
    ...(volume === undefined ? {} : { VolumeSizeInGB: volume }),
    ...variant,
  }
}
