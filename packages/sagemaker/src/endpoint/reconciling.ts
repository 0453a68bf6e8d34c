import type { TaskState } from '@sagebrush/core'
import type { Reconciling } from '../reconciling.ts'
import type { HealthChecks } from './health-checks.ts'

/** What the endpoints' reconciler may reach. */
export type EndpointReconciling = Reconciling & { readonly health: HealthChecks }

/** What is seen of each task of an endpoint, by its id. */
export type Observed = ReadonlyMap<string, TaskState>
