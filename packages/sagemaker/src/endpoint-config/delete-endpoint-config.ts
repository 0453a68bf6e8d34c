import { operation } from '../context.ts'
import { endpointConfigNotFound } from './endpoint-config.ts'

/** Endpoints that run the configuration keep all that they need of it. */
export const DeleteEndpointConfig = operation('DeleteEndpointConfig', async (input, ctx) => {
  const removed = await ctx.endpointConfigs.remove(ctx.caller, input.EndpointConfigName)
  if (!removed) throw endpointConfigNotFound(ctx.caller, input.EndpointConfigName)
  return {}
})
