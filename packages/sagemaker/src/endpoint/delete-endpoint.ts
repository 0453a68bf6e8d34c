import { operation } from '../context.ts'
import { hintKey } from '../resource-key.ts'
import { endpointNotFound } from './endpoint.ts'

/**
 * Takes the endpoint out of service at once; its row goes when its last task has. Unlike AWS's, an endpoint that is
 * being created or updated can be deleted too: one that never gets healthy would else be in the way for minutes.
 */
export const DeleteEndpoint = operation('DeleteEndpoint', async (input, ctx) => {
  for (;;) {
    const row = await ctx.endpoints.get(ctx.caller, input.EndpointName)
    if (!row) throw endpointNotFound(ctx.caller, input.EndpointName)
    if (row.value.status === 'Deleting') return {}
    const deleting = { ...row.value, status: 'Deleting' as const, modified: ctx.now() }
    if (!(await ctx.endpoints.update(ctx.caller, input.EndpointName, row.version, deleting))) continue
    ctx.hints.publish(hintKey('endpoint', ctx.caller, input.EndpointName))
    return {}
  }
})
