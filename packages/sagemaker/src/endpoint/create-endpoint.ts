import { operation } from '../context.ts'
import { hintKey, resourceArn } from '../resource-key.ts'
import { tagsAtCreation } from '../tag/tag-list.ts'
import { endpointExists, instancesOf } from './endpoint.ts'
import { planDeployment, requireEndpointInstances } from './plan-deployment.ts'

export const CreateEndpoint = operation('CreateEndpoint', async (input, ctx) => {
  const name = input.EndpointName
  const arn = resourceArn('endpoint', ctx.caller, name)
  if (await ctx.endpoints.get(ctx.caller, name)) throw endpointExists(arn)
  const next = await planDeployment(ctx, input.EndpointConfigName)
  await requireEndpointInstances(ctx, instancesOf(next).length)
  const now = ctx.now()
  const inserted = await ctx.endpoints.insert(ctx.caller, name, {
    name,
    arn,
    tags: tagsAtCreation(input.Tags),
    created: now,
    modified: now,
    status: 'Creating',
    configName: input.EndpointConfigName,
    next,
    retired: [],
    ...(input.DeploymentConfig ? { deploymentConfig: input.DeploymentConfig } : {}),
  })
  if (!inserted) throw endpointExists(arn)
  ctx.hints.publish(hintKey('endpoint', ctx.caller, name))
  return { EndpointArn: arn }
})
