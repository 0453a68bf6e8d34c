import type { Row } from '@sagebrush/core'
import { hintKey } from '../resource-key.ts'
import { forgetTask, stopOnce } from '../stop-once.ts'
import { type Endpoint, type Retired, retire } from './endpoint.ts'
import type { EndpointReconciling, Observed } from './reconciling.ts'

/** How soon requests in flight are counted again. */
export const DRAIN_POLL_MS = 20

/** The endpoint without those retired instances that are gone; the others are brought further on their way out. */
export async function release(ctx: EndpointReconciling, endpoint: Endpoint, observed: Observed): Promise<Endpoint> {
  if (endpoint.retired.length === 0) return endpoint
  const gone = await Promise.all(endpoint.retired.map((retired) => dismiss(ctx, retired, observed)))
  const retired = endpoint.retired.filter((_, index) => !gone[index])
  return retired.length === endpoint.retired.length ? endpoint : { ...endpoint, retired }
}

/** Resolves to true once nothing is left of the instance: drained, stopped, its last line stored, removed. */
async function dismiss(ctx: EndpointReconciling, retired: Retired, observed: Observed): Promise<boolean> {
  const { taskId } = retired
  ctx.health.forget(taskId)
  // One that was retired in this very step was observed while it was still in service: the next step stops it.
  const state = observed.get(taskId)
  if (!state) return false
  if (state.phase === 'absent') {
    forgetTask(ctx, taskId)
    return true
  }
  if (state.phase === 'ended' || state.phase === 'failed') {
    await ctx.pump.pump(taskId)
    await ctx.engine.remove(taskId)
    forgetTask(ctx, taskId)
    return true
  }
  const overdue = ctx.now().getTime() - retired.since.getTime() >= ctx.config.drainMs
  if (ctx.router.inFlight(taskId) === 0 || overdue) await stopOnce(ctx, taskId, ctx.config.servingStopGraceMs)
  return false
}

/** Deleting: out of the router first, then every task; the row goes last. */
export async function tearDown(
  ctx: EndpointReconciling,
  row: Row<Endpoint>,
  observed: Observed,
): Promise<number | undefined> {
  const { scope, name, value: endpoint } = row
  ctx.router.remove(scope, name)
  const since = endpoint.modified
  const all: Endpoint = {
    ...endpoint,
    retired: [...endpoint.retired, ...retire(endpoint.current, since), ...retire(endpoint.next, since)],
  }
  const left = await release(ctx, all, observed)
  if (left.retired.length > 0) {
    for (const { taskId } of left.retired) ctx.copyLines(taskId)
    return left.retired.some(({ taskId }) => ctx.router.inFlight(taskId) > 0) ? DRAIN_POLL_MS : ctx.config.pollMs
  }
  // Tasks are removed by now: a row that changed meanwhile (tags) makes this step run again, and it finds them absent.
  if (!(await ctx.endpoints.remove(scope, name, row.version))) return 0
  ctx.hints.publish(hintKey('endpoint', scope, name))
  return undefined
}
