import type { Scope, TaskOutput, TaskSpec } from '@sagebrush/core'
import { instanceResources } from '../instance-type.ts'
import { stagedArchive } from '../script-archive.ts'
import { configFiles } from './config-files.ts'
import type { Host } from './hosts.ts'
import { checkpointPath, submitDirectory, trainingInputs } from './inputs.ts'
import { type TrainingJob, taskId } from './training-job.ts'

export const MODEL_ARCHIVE = 'model.tar.gz'
export const OUTPUT_ARCHIVE = 'output.tar.gz'
/** Never stored as such: its files are what is synced to CheckpointConfig.S3Uri. */
export const CHECKPOINT_ARCHIVE = 'checkpoints.tar.gz'

/** The command of a job: the request's, or `train`; arguments alone replace `train`, as Docker's CMD. */
export function trainingCommand(request: TrainingJob['request']): Pick<TaskSpec, 'entrypoint' | 'command'> {
  const { ContainerEntrypoint: entrypoint, ContainerArguments: args } = request.AlgorithmSpecification ?? {}
  if (!entrypoint) return { command: args ?? ['train'] }
  return { entrypoint, command: args ?? [] }
}

/** What the engine is to run for one host. `serverEnvironment` is what the installation adds: credentials, endpoints. */
export function trainingTask(
  scope: Scope,
  job: TrainingJob,
  host: Host,
  given: {
    readonly serverEnvironment: Readonly<Record<string, string>>
    readonly networkInterfaceName: string
    readonly restoreCheckpoints: boolean
  },
): TaskSpec {
  const submitted = submitDirectory(job)
  return {
    id: taskId(job.attempt, host.name),
    scope,
    labels: { kind: 'training-job', arn: job.arn, host: host.name },
    image: job.image,
    ...trainingCommand(job.request),
    serverEnvironment: given.serverEnvironment,
    environment: {
      ...job.request.Environment,
      AWS_REGION: scope.region,
      TRAINING_JOB_NAME: job.name,
      TRAINING_JOB_ARN: job.arn,
      ...(submitted ? stagedArchive(submitted) : {}),
    },
    files: configFiles(job, host.name, given.networkInterfaceName),
    inputs: trainingInputs(job, host, given.restoreCheckpoints),
    outputs: outputsOf(job),
    host: host.name,
    hosts: job.hosts.map(({ name }) => name),
    group: job.attempt,
    serves: false,
    resources: instanceResources(host.instanceType),
  }
}

function outputsOf(job: TrainingJob): TaskOutput[] {
  return [
    { archive: MODEL_ARCHIVE, path: '/opt/ml/model', always: false },
    { archive: OUTPUT_ARCHIVE, path: '/opt/ml/output/data', always: false },
    ...(job.request.CheckpointConfig
      ? [{ archive: CHECKPOINT_ARCHIVE, path: checkpointPath(job), always: false }]
      : []),
  ]
}
