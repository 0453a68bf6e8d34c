import type { Row, Scope } from '@sagebrush/core'
import { hintKey } from '../resource-key.ts'
import { addedTo, allInService, withoutAdded } from './capacity.ts'
import { type Endpoint, instancesOf, retire } from './endpoint.ts'
import { failedInstance } from './failure.ts'
import { claim, look, startMissing } from './instances.ts'
import type { EndpointReconciling, Observed } from './reconciling.ts'
import { DRAIN_POLL_MS, release, tearDown } from './retire.ts'
import { routeOf } from './route.ts'
import { isEnding, isReady, restartDead, withHealth } from './variants.ts'

/** Another writer was first: look again at once. */
const AT_ONCE = 0

/**
 * One step of one endpoint from what is observed to what is wanted. The current deployment serves until the next one
 * is healthy in all its instances; then the router is switched, and the old instances end when their requests have.
 */
export async function reconcileEndpoint(
  ctx: EndpointReconciling,
  scope: Scope,
  name: string,
): Promise<number | undefined> {
  const row = await ctx.endpoints.get(scope, name)
  if (!row) {
    ctx.router.remove(scope, name)
    return undefined
  }
  claim(ctx, row)
  const seen = await look(ctx, row.value)
  if (row.value.status === 'Deleting') return tearDown(ctx, row, seen)

  // The SDK asks for the endpoint's log as soon as it is in service.
  await Promise.all([...seen.keys()].map((taskId) => ctx.pump.prepare(taskId)))
  const observed = await startMissing(ctx, row, seen)
  const next = await advance(ctx, row, observed)
  const released = await release(ctx, next, observed)
  const route = routeOf(released, observed)
  if (route) ctx.router.set(scope, name, route)
  else ctx.router.remove(scope, name)
  if (released !== row.value && !(await apply(ctx, row, released))) return AT_ONCE
  for (const taskId of observed.keys()) ctx.copyLines(taskId)
  return pause(ctx, released)
}

async function apply(ctx: EndpointReconciling, row: Row<Endpoint>, next: Endpoint): Promise<boolean> {
  const written = await ctx.endpoints.update(row.scope, row.name, row.version, next)
  if (written) ctx.hints.publish(hintKey('endpoint', row.scope, row.name))
  return written
}

/** The endpoint with what its instances have become. */
async function advance(ctx: EndpointReconciling, row: Row<Endpoint>, observed: Observed): Promise<Endpoint> {
  const endpoint = withHealth(ctx, row.value, observed)
  const now = ctx.now()
  if (endpoint.next && !isEnding(endpoint.next, observed)) {
    const failure = await failedInstance(ctx, row, endpoint.next, observed)
    if (failure !== undefined) return withoutNext(endpoint, failure, now)
    if (isReady(endpoint.next)) return promoted(endpoint, endpoint.next, now)
  }
  if (endpoint.status !== 'Updating' || endpoint.next || !endpoint.current) return restartDead(ctx, endpoint, observed)
  // Its capacity is changed.
  const added = addedTo(endpoint.current)
  if (added && isEnding(added, observed)) return endpoint
  const failure = added && (await failedInstance(ctx, row, added, observed))
  if (failure !== undefined) return withoutAdded(endpoint, failure, now)
  const alive = restartDead(ctx, endpoint, observed)
  return alive.current && isReady(alive.current) ? allInService(alive, now) : alive
}

function promoted(endpoint: Endpoint, deployment: NonNullable<Endpoint['next']>, now: Date): Endpoint {
  const { next: _next, failureReason: _reason, ...rest } = endpoint
  return {
    ...rest,
    status: 'InService',
    modified: now,
    configName: deployment.config.EndpointConfigName,
    current: deployment,
    retired: [...endpoint.retired, ...retire(endpoint.current, now)],
  }
}

/** What cannot start is taken away: a new endpoint is Failed, one that served before goes on as it was and says why. */
function withoutNext(endpoint: Endpoint, failureReason: string, now: Date): Endpoint {
  const { next, ...rest } = endpoint
  return {
    ...rest,
    status: endpoint.current ? 'InService' : 'Failed',
    failureReason,
    modified: now,
    retired: [...endpoint.retired, ...retire(next, now)],
  }
}

function pause(ctx: EndpointReconciling, endpoint: Endpoint): number {
  const now = ctx.now().getTime()
  const waits = [...instancesOf(endpoint.current), ...instancesOf(endpoint.next)].flatMap(({ notBefore }) =>
    notBefore && notBefore.getTime() > now ? [notBefore.getTime() - now] : [],
  )
  const draining = endpoint.retired.some(({ taskId }) => ctx.router.inFlight(taskId) > 0)
  return Math.min(ctx.config.pollMs, ...waits, draining ? DRAIN_POLL_MS : ctx.config.pollMs)
}
