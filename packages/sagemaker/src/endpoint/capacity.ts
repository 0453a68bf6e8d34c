import { type Deployment, type Endpoint, type Instance, retire } from './endpoint.ts'

/** The deployment with those instances alone that a change of capacity has added; undefined where there is none. */
export function addedTo(deployment: Deployment): Deployment | undefined {
  const added = withInstances(deployment, ({ added }) => added === true)
  return added.variants.some(({ instances }) => instances.length > 0) ? added : undefined
}

/** What cannot start is taken away: the endpoint goes on with the instances that it had, and says why. */
export function withoutAdded(endpoint: Endpoint, failureReason: string, now: Date): Endpoint {
  const { current } = endpoint
  if (!current) return endpoint
  return {
    ...endpoint,
    status: 'InService',
    failureReason,
    modified: now,
    current: withInstances(current, ({ added }) => added !== true),
    retired: [...endpoint.retired, ...retire(addedTo(current), now)],
  }
}

/** Every instance is in service now: there is no difference any more. */
export function allInService(endpoint: Endpoint, now: Date): Endpoint {
  const { failureReason: _reason, ...rest } = endpoint
  if (!endpoint.current) return endpoint
  const variants = endpoint.current.variants.map((variant) => ({
    ...variant,
    instances: variant.instances.map(({ added: _added, ...instance }) => instance),
  }))
  return { ...rest, status: 'InService', modified: now, current: { ...endpoint.current, variants } }
}

function withInstances(deployment: Deployment, keep: (instance: Instance) => boolean): Deployment {
  const variants = deployment.variants.map((variant) => ({ ...variant, instances: variant.instances.filter(keep) }))
  return { ...deployment, variants }
}
