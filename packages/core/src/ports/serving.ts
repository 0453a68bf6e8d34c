import type { Scope } from '../caller.ts'
import type { TaskAddress } from './engine.ts'

/** One serving task that may take requests. */
export interface RoutedInstance {
  readonly taskId: string
  readonly address: TaskAddress
  /** `<variant>/<instance>`: where its log is, within the endpoint's group. */
  readonly logStream: string
}

export interface RoutedVariant {
  readonly name: string
  /** ≥ 0; the share of requests is weight / sum of weights, among the variants that have an instance. */
  readonly weight: number
  readonly instances: readonly RoutedInstance[]
}

export interface Route {
  /** `/aws/sagemaker/Endpoints/<name>` */
  readonly logGroup: string
  readonly variants: readonly RoutedVariant[]
}

/** The data plane as the endpoint reconciler sees it: who answers for an endpoint from now on. In memory only. */
export interface RouterTable {
  /** Replaces the whole route at once: requests that come after go to the new instances only. */
  set(scope: Scope, endpoint: string, route: Route): void
  remove(scope: Scope, endpoint: string): void
  /** Requests that this instance still works on, routed or not: an instance is stopped once it is 0. */
  inFlight(taskId: string): number
}

/** Asks a serving task for its health. */
export interface Probe {
  /** `GET /ping`: the status, or undefined where nothing answered within `timeoutMs`. Never throws. */
  ping(address: TaskAddress, timeoutMs: number): Promise<number | undefined>
}
