import type { Route, RoutedInstance } from '@sagebrush/core'
import { type Endpoint, endpointLogGroup, logStreamOf } from './endpoint.ts'
import type { Observed } from './reconciling.ts'

/** Who answers for the endpoint now; undefined while nothing of it is in service. */
export function routeOf(endpoint: Endpoint, observed: Observed): Route | undefined {
  if (!endpoint.current) return undefined
  return {
    logGroup: endpointLogGroup(endpoint.name),
    variants: endpoint.current.variants.map((variant) => ({
      name: variant.name,
      weight: variant.weight,
      instances: variant.instances.flatMap((instance): RoutedInstance[] => {
        const state = observed.get(instance.taskId)
        if (!instance.ready || state?.phase !== 'running' || !state.address) return []
        return [{ taskId: instance.taskId, address: state.address, logStream: logStreamOf(variant, instance) }]
      }),
    })),
  }
}
