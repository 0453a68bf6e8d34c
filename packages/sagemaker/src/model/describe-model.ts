import type { ContainerDefinition } from '@sagebrush/contract/sagemaker'
import { operation } from '../context.ts'
import { modelNotFound } from './model.ts'

export const DescribeModel = operation('DescribeModel', async (input, ctx) => {
  const model = (await ctx.models.get(ctx.caller, input.ModelName))?.value
  if (!model) throw modelNotFound(ctx.caller, input.ModelName)
  const { PrimaryContainer, Containers, InferenceExecutionConfig, ...request } = model.request
  return {
    ...request,
    ModelArn: model.arn,
    CreationTime: model.created,
    EnableNetworkIsolation: request.EnableNetworkIsolation ?? false,
    ...(PrimaryContainer ? { PrimaryContainer: withMode(PrimaryContainer) } : {}),
    ...(Containers ? { Containers: Containers.map(withMode) } : {}),
    // How containers are run one after the other is only a question where there are several.
    ...(Containers ? { InferenceExecutionConfig: InferenceExecutionConfig ?? { Mode: 'Serial' as const } } : {}),
    ...(InferenceExecutionConfig ? { InferenceExecutionConfig } : {}),
  }
})

function withMode(container: ContainerDefinition): ContainerDefinition {
  return { Mode: 'SingleModel', ...container }
}
