import { ApiError, type Scope, StagingError } from '@sagebrush/core'
import type { Reconciling } from '../reconciling.ts'
import type { Host } from './hosts.ts'
import { folderUri } from './inputs.ts'
import { DEFAULT_MAX_RUNTIME_SECONDS, type TrainingJob } from './training-job.ts'
import { trainingTask } from './training-task.ts'

/** Beyond the longest run, for staging and for uploads by the job's own code. */
const CREDENTIALS_MARGIN_SECONDS = 3_600

/**
 * Hands the tasks of these hosts to the engine, all at once. Doing it again changes nothing. Resolves to a text for
 * the user where they can never be started (the role is gone), to undefined when they are.
 */
export async function startTasks(
  ctx: Reconciling,
  scope: Scope,
  job: TrainingJob,
  hosts: readonly Host[],
): Promise<string | undefined> {
  try {
    await start(ctx, scope, job, hosts)
  } catch (error) {
    if (error instanceof StagingError || (error instanceof ApiError && error.fault === 'client')) return error.message
    throw error
  }
  return undefined
}

async function start(ctx: Reconciling, scope: Scope, job: TrainingJob, hosts: readonly Host[]): Promise<void> {
  const seconds =
    (job.request.StoppingCondition?.MaxRuntimeInSeconds ?? DEFAULT_MAX_RUNTIME_SECONDS) + CREDENTIALS_MARGIN_SECONDS
  const checkpoints = job.request.CheckpointConfig
  const [credentials, restoreCheckpoints] = await Promise.all([
    ctx.roles.credentials(scope, job.request.RoleArn, 'SageMaker', seconds),
    // A first run finds no checkpoints, perhaps not even their bucket: that is no error, and nothing is staged.
    checkpoints ? hasObjects(ctx, scope, folderUri(checkpoints.S3Uri)) : false,
  ])
  const serverEnvironment = await ctx.taskEnvironment(scope, credentials)
  const networkInterfaceName = ctx.engine.networkInterface(job.image)
  await Promise.all(
    hosts.map((host) =>
      ctx.engine.start(trainingTask(scope, job, host, { serverEnvironment, networkInterfaceName, restoreCheckpoints })),
    ),
  )
}

async function hasObjects(ctx: Reconciling, scope: Scope, uri: string): Promise<boolean> {
  try {
    return await ctx.objects.has(scope, { kind: 'prefix', uri })
  } catch (error) {
    if (error instanceof StagingError) return false
    throw error
  }
}
