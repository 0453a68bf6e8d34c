import type {
  Engine,
  ExecutionRoles,
  Hints,
  LogStore,
  Objects,
  Probe,
  RoleCredentials,
  RouterTable,
  Scope,
} from '@sagebrush/core'
import type { SageMakerConfig } from './config.ts'
import type { SageMakerCollections } from './context.ts'
import type { LogPump } from './log-pump.ts'
import type { CheckpointSync } from './training-job/sync-checkpoints.ts'

/** Variables that let a task's code reach this server as its role: credentials, endpoint URLs, region. */
export type TaskEnvironment = (
  scope: Scope,
  credentials: RoleCredentials,
) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>

/** What the reconcilers may reach. */
export interface Reconciling extends SageMakerCollections {
  readonly engine: Engine
  readonly logs: LogStore
  readonly pump: LogPump
  /** Has the task's new lines copied, beside the step: a task may print for ever. */
  readonly copyLines: (taskId: string) => void
  /** Has a running job's checkpoints stored beside the step; its end breaks that off first. */
  readonly syncCheckpoints: (key: string) => void
  readonly checkpoints: CheckpointSync
  readonly objects: Objects
  readonly roles: ExecutionRoles
  readonly hints: Hints
  readonly router: RouterTable
  readonly probe: Probe
  readonly taskEnvironment: TaskEnvironment
  readonly config: SageMakerConfig
  readonly now: () => Date
  /** Task id → key of the resource that it belongs to, for the engine's hints. */
  readonly owners: Map<string, string>
  /** Tasks that were asked to stop by this server. */
  readonly stopping: Set<string>
}
