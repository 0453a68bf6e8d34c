import type { TaskState } from '@sagebrush/core'
import {
  type Deployment,
  type Endpoint,
  type Instance,
  instancesOf,
  newInstance,
  type Retired,
  retired,
  type Variant,
} from './endpoint.ts'
import type { EndpointReconciling, Observed } from './reconciling.ts'

const FIRST_RESTART_MS = 500
const LAST_RESTART_MS = 30_000
/**
 * After so long in health, a death is a first one again: what dies later than that is started less often than the
 * longest pause allows, so a pause would only keep the endpoint away.
 */
const LONG_LIFE_MS = LAST_RESTART_MS

/** True when every instance of every variant may take requests. */
export function isReady(deployment: Deployment): boolean {
  return deployment.variants.every(({ instances }) => instances.every(({ ready }) => ready))
}

/** Marks the instances that answer `/ping`, and has the running ones asked that do not yet. */
export function withHealth(ctx: EndpointReconciling, endpoint: Endpoint, observed: Observed): Endpoint {
  const current = endpoint.current && checked(ctx, endpoint.current, observed)
  const next = endpoint.next && checked(ctx, endpoint.next, observed)
  if (current === endpoint.current && next === endpoint.next) return endpoint
  return { ...endpoint, ...(current ? { current } : {}), ...(next ? { next } : {}) }
}

function checked(ctx: EndpointReconciling, deployment: Deployment, observed: Observed): Deployment {
  return mapInstances(deployment, (instance) => {
    const state = observed.get(instance.taskId)
    if (instance.ready || state?.phase !== 'running' || !state.address) return instance
    ctx.health.watch(instance.taskId, state.address, state.started)
    return ctx.health.isHealthy(instance.taskId) ? { ...instance, ready: true, healthySince: ctx.now() } : instance
  })
}

/**
 * Replaces what died, or never got healthy in its time, in the deployment that serves: after a pause that grows with
 * every death, until one had been healthy for a while or died with its engine. The endpoint stays in service with the rest.
 */
export function restartDead(ctx: EndpointReconciling, endpoint: Endpoint, observed: Observed): Endpoint {
  if (!endpoint.current) return endpoint
  const now = ctx.now()
  const dead: Retired[] = []
  const current = mapInstances(endpoint.current, (instance, variant) => {
    const state = observed.get(instance.taskId) ?? { phase: 'absent' }
    if (!hasDied(instance, state) && !isLate(ctx, variant, instance, state)) return instance
    dead.push(retired(variant, instance, now))
    const { healthySince } = instance
    const healthyMs = healthySince ? now.getTime() - healthySince.getTime() : 0
    const blameless = healthyMs > LONG_LIFE_MS || (state.phase === 'ended' && state.interruption !== undefined)
    const restarts = blameless ? 1 : instance.restarts + 1
    const pauseMs = Math.min(FIRST_RESTART_MS * 2 ** (restarts - 1), LAST_RESTART_MS)
    return newInstance(restarts, new Date(now.getTime() + pauseMs))
  })
  return dead.length === 0 ? endpoint : { ...endpoint, current, retired: [...endpoint.retired, ...dead] }
}

export function hasDied(instance: Instance, state: TaskState): boolean {
  if (state.phase === 'absent') return instance.ready
  return state.phase === 'ended' || state.phase === 'failed' || state.phase === 'collecting'
}

/** True while an instance has ended whose last state, which says why, is not there yet. */
export function isEnding(deployment: Deployment, observed: Observed): boolean {
  return instancesOf(deployment).some(({ taskId }) => observed.get(taskId)?.phase === 'collecting')
}

/** True for an instance that runs and has not been healthy within its time. */
export function isLate(ctx: EndpointReconciling, variant: Variant, instance: Instance, state: TaskState): boolean {
  if (instance.ready || state.phase !== 'running') return false
  const allowedMs = variant.startupTimeoutMs ?? ctx.config.startupHealthCheckMs
  return ctx.now().getTime() - state.started.getTime() >= allowedMs
}

function mapInstances(deployment: Deployment, map: (instance: Instance, variant: Variant) => Instance): Deployment {
  let changed = false
  const variants = deployment.variants.map((variant) => {
    const instances = variant.instances.map((instance) => map(instance, variant))
    if (instances.every((instance, index) => instance === variant.instances[index])) return variant
    changed = true
    return { ...variant, instances }
  })
  return changed ? { ...deployment, variants } : deployment
}
