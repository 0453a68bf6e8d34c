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
    // An engine that is away must not keep everything else away: its endpoints' steps look again.
    const observed = await look(ctx, endpoint).catch(() => undefined)
    const route = observed && routeOf(endpoint, observed)
    if (route) ctx.router.set(scope, name, route)
  }
}
