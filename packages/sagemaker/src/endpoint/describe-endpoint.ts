import type {
  DataCaptureConfig,
  DescribeEndpointOutput,
  PendingProductionVariantSummary,
  ProductionVariantSummary,
} from '@sagebrush/contract/sagemaker'
import { operation } from '../context.ts'
import { held } from '../hold.ts'
import { resolvedImage } from '../image-note.ts'
import { hintKey } from '../resource-key.ts'
import { type Deployment, type Endpoint, endpointNotFound, isInProgress, type Variant } from './endpoint.ts'

export const DescribeEndpoint = operation('DescribeEndpoint', async (input, ctx) => {
  const endpoint = await held(
    ctx,
    hintKey('endpoint', ctx.caller, input.EndpointName),
    async () => (await ctx.endpoints.get(ctx.caller, input.EndpointName))?.value,
    (found) => found !== undefined && isInProgress(found),
  )
  if (!endpoint) throw endpointNotFound(ctx.caller, input.EndpointName)
  return describe(endpoint)
})

function describe(endpoint: Endpoint): DescribeEndpointOutput {
  const shown = endpoint.current ?? endpoint.next
  const pending = endpoint.current ? endpoint.next : undefined
  const { DataCaptureConfig, MetricsConfig, CrossRegionTrafficConfig } = shown?.config ?? {}
  return {
    EndpointName: endpoint.name,
    EndpointArn: endpoint.arn,
    EndpointConfigName: endpoint.configName,
    EndpointStatus: endpoint.status,
    CreationTime: endpoint.created,
    LastModifiedTime: endpoint.modified,
    ...(endpoint.failureReason === undefined ? {} : { FailureReason: endpoint.failureReason }),
    ...(shown ? { ProductionVariants: shown.variants.map((variant) => summary(shown, variant)) } : {}),
    ...(DataCaptureConfig ? { DataCaptureConfig: captureSummary(DataCaptureConfig) } : {}),
    ...(MetricsConfig ? { MetricsConfig } : {}),
    ...(CrossRegionTrafficConfig ? { CrossRegionTrafficConfig } : {}),
    ...(endpoint.deploymentConfig ? { LastDeploymentConfig: endpoint.deploymentConfig } : {}),
    ...(pending ? { PendingDeploymentSummary: pendingSummary(pending) } : {}),
  }
}

function summary(deployment: Deployment, variant: Variant): ProductionVariantSummary {
  const asked = deployment.config.ProductionVariants.find(({ VariantName }) => VariantName === variant.name)
  return {
    VariantName: variant.name,
    DeployedImages: [
      {
        SpecifiedImage: variant.specifiedImage,
        ResolvedImage: resolvedImage(variant.image),
        ResolutionTime: variant.resolved,
      },
    ],
    CurrentWeight: variant.weight,
    DesiredWeight: variant.weight,
    CurrentInstanceCount: variant.instances.filter(({ ready }) => ready).length,
    DesiredInstanceCount: variant.instances.length,
    ...(variant.serverless
      ? { CurrentServerlessConfig: variant.serverless, DesiredServerlessConfig: variant.serverless }
      : {}),
    ...(asked?.ManagedInstanceScaling ? { ManagedInstanceScaling: asked.ManagedInstanceScaling } : {}),
    ...(asked?.RoutingConfig ? { RoutingConfig: asked.RoutingConfig } : {}),
    ...(asked?.AcceleratorPartitionLayouts ? { AcceleratorPartitionLayouts: asked.AcceleratorPartitionLayouts } : {}),
  }
}

function pendingSummary(deployment: Deployment) {
  return {
    EndpointConfigName: deployment.config.EndpointConfigName,
    StartTime: deployment.started,
    ProductionVariants: deployment.variants.map((variant): PendingProductionVariantSummary => {
      const { CapacityReservationConfig: _none, ...shared } = summary(deployment, variant)
      const type = deployment.config.ProductionVariants.find(({ VariantName }) => VariantName === variant.name)
      return { ...shared, ...(type?.InstanceType ? { InstanceType: type.InstanceType } : {}) }
    }),
  }
}

/** No request is captured here, and Describe does not claim that one is. */
function captureSummary(config: DataCaptureConfig) {
  return {
    EnableCapture: config.EnableCapture ?? false,
    CaptureStatus: 'Stopped' as const,
    CurrentSamplingPercentage: config.InitialSamplingPercentage,
    DestinationS3Uri: config.DestinationS3Uri,
    KmsKeyId: config.KmsKeyId ?? '',
  }
}
