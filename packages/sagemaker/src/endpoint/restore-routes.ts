import { look } from './instances.ts'
import type { EndpointReconciling } from './reconciling.ts'
import { routeOf } from './route.ts'

/**
 * Routes to what serves already, as the server before did: an endpoint in service must not be "not found" until its
 * first step has been made, which may wait behind the logs of many jobs.
 */
export async function restoreRoutes(ctx: Pick<EndpointReconciling, 'endpoints' | 'engine' | 'router'>): Promise<void> {
  for await (const { scope, name, value: endpoint } of ctx.endpoints.each()) {
    if (endpoint.status === 'Deleting') continue
    const route = routeOf(endpoint, await look(ctx, endpoint))
    if (route) ctx.router.set(scope, name, route)
  }
}
