/** What an installation may set. AWS's limits are the defaults, where it has one for everybody. */
export interface SageMakerConfig {
  /** Longest that a Describe from a waiter is held; botocore gives up reading after 60 s. */
  readonly holdMs: number
  /** How often a resource in progress is looked at without any hint: the safety net. */
  readonly pollMs: number
  /** Between two looks at the checkpoints of a job that runs. */
  readonly checkpointSyncMs: number
  /** From SIGTERM to SIGKILL for training. */
  readonly trainingStopGraceMs: number
  /** From SIGTERM to SIGKILL for serving. */
  readonly servingStopGraceMs: number
  /** Until a serving container must answer `/ping`, where the variant does not say. */
  readonly startupHealthCheckMs: number
  /** Longest time that requests in flight keep a replaced instance alive. */
  readonly drainMs: number
  /** Longest that closing waits for the tasks of deleted endpoints and ended jobs to be gone. */
  readonly closeMs: number
  readonly maxRuntimeSeconds: number
  /** Most instances of all training jobs of an account and region at once. */
  readonly trainingInstances: number
  /** Most instances of all endpoints of an account and region at once. */
  readonly endpointInstances: number
}

const DAY_SECONDS = 86_400

export const defaultConfig: SageMakerConfig = {
  holdMs: 50_000,
  pollMs: 5_000,
  checkpointSyncMs: 5_000,
  trainingStopGraceMs: 120_000,
  servingStopGraceMs: 30_000,
  startupHealthCheckMs: 480_000,
  drainMs: 60_000,
  closeMs: 5_000,
  maxRuntimeSeconds: 28 * DAY_SECONDS,
  trainingInstances: 1000,
  endpointInstances: 1000,
}
