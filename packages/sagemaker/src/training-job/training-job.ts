import type {
  CreateTrainingJobRequest,
  MetricData,
  SecondaryStatus,
  TagList,
  TrainingJobStatus,
} from '@sagebrush/contract/sagemaker'
import { ApiError, type CollectionSpec, type Scope, type TaskImage, validationError } from '@sagebrush/core'
import { randomId } from '../random-id.ts'
import { resourceArn } from '../resource-key.ts'
import { tagsAtCreation } from '../tag/tag-list.ts'
import { type Host, hostsOf } from './hosts.ts'

export interface Transition {
  readonly status: SecondaryStatus
  readonly start: Date
  readonly end?: Date
  readonly message: string
}

/** One training job as it is stored. What the request asked is kept whole, for Describe echoes every member. */
export interface TrainingJob {
  readonly name: string
  readonly arn: string
  readonly request: Omit<CreateTrainingJobRequest, 'Tags'>
  readonly tags: TagList
  readonly created: Date
  readonly modified: Date
  readonly status: TrainingJobStatus
  readonly transitions: readonly Transition[]
  readonly image: TaskImage
  /** True where `auto` mode made the execution role for this job: the log says so. */
  readonly roleCreated: boolean
  readonly hosts: readonly Host[]
  /** `tj-<12 letters>`, of the attempt under way; a host's task is `<attempt>-algo-N`. */
  readonly attempt: string
  /**
   * In the names of its log streams, where AWS has epoch seconds; absent in a job of a version that had these too. A
   * name can be used again within a second.
   */
  readonly logStamp?: number
  /** Attempts that ended with our own fault; what is left of them goes when the job settles. */
  readonly formerAttempts: readonly string[]
  /** Why the tasks were asked to stop. */
  readonly stop?: 'user' | 'maxRuntime'
  readonly trainingStart?: Date
  readonly trainingEnd?: Date
  readonly failureReason?: string
  readonly finalMetrics?: readonly MetricData[]
  /** True once nothing of the job's tasks is left: the reconciler has no more to do. */
  readonly settled: boolean
}

export const trainingJobSpec: CollectionSpec<TrainingJob> = {
  name: 'training_jobs',
  index: {
    created: (job) => job.created.getTime(),
    modified: (job) => job.modified.getTime(),
    status: (job) => job.status,
    warm_pool: (job) => warmPoolStatus(job),
    training_plan: (job) => job.request.ResourceConfig?.TrainingPlanArn,
    settled: (job) => (job.settled ? 1 : 0),
  },
}

/** AWS's text for each secondary status; the SDK prints them. */
export const STATUS_MESSAGES: Readonly<Partial<Record<SecondaryStatus, string>>> = {
  Starting: 'Starting the training job',
  Downloading: 'Downloading input data',
  Training: 'Training image download completed. Training in progress.',
  Uploading: 'Uploading generated training model',
  Stopping: 'Stopping the training job',
  Restarting: 'Restarting the training job after an internal error',
  Completed: 'Training job completed',
  Failed: 'Training job failed',
  Stopped: 'Training job stopped',
  MaxRuntimeExceeded: 'Training job runtime exceeded MaxRuntimeInSeconds provided',
}

export const DEFAULT_MAX_RUNTIME_SECONDS = 86_400

export function newTrainingJob(
  scope: Scope,
  input: CreateTrainingJobRequest,
  now: Date,
  found: { readonly image: TaskImage; readonly roleCreated: boolean },
): TrainingJob {
  const { Tags, ...request } = input
  return {
    name: input.TrainingJobName,
    arn: resourceArn('training-job', scope, input.TrainingJobName),
    request,
    tags: tagsAtCreation(Tags),
    created: now,
    modified: now,
    status: 'InProgress',
    transitions: [{ status: 'Starting', start: now, message: STATUS_MESSAGES.Starting ?? '' }],
    image: found.image,
    roleCreated: found.roleCreated,
    hosts: hostsOf(input.ResourceConfig),
    attempt: newAttempt(),
    logStamp: now.getTime(),
    formerAttempts: [],
    settled: false,
  }
}

export function newAttempt(): string {
  return `tj-${randomId(12)}`
}

export function taskId(attempt: string, host: string): string {
  return `${attempt}-${host}`
}

/** Of every attempt. */
export function allTaskIds(job: TrainingJob): string[] {
  return [...job.formerAttempts, job.attempt].flatMap((attempt) => job.hosts.map((host) => taskId(attempt, host.name)))
}

export function secondaryStatus(job: Pick<TrainingJob, 'transitions'>): SecondaryStatus {
  return job.transitions.at(-1)?.status ?? 'Starting'
}

export function isTerminal(job: Pick<TrainingJob, 'status'>): boolean {
  return job.status === 'Completed' || job.status === 'Failed' || job.status === 'Stopped'
}

/** True once the job's command was seen to run: from then on an absent task is a lost one, not one to start. */
export function hasRun(job: TrainingJob): boolean {
  const lastRestart = job.transitions.findLastIndex((transition) => transition.status === 'Restarting')
  return job.transitions.slice(lastRestart + 1).some(({ status }) => status === 'Training' || status === 'Uploading')
}

/** Where model.tar.gz and output.tar.gz go. */
export function outputUri(job: TrainingJob, file: string): string {
  return `${job.request.OutputDataConfig.S3OutputPath.replace(/\/+$/, '')}/${job.name}/output/${file}`
}

/** What Describe calls S3ModelArtifacts: the archive, or the folder of an uncompressed model. */
export function modelArtifacts(job: TrainingJob): string {
  return outputUri(job, job.request.OutputDataConfig.CompressionType === 'NONE' ? 'model/' : 'model.tar.gz')
}

/**
 * The job one secondary status further. The same status again only changes its message, as AWS does; a start before
 * the last transition's is moved to it, so that the history never runs backwards.
 */
export function withTransition(job: TrainingJob, status: SecondaryStatus, at: Date, message?: string): TrainingJob {
  const last = job.transitions.at(-1)
  const text = message ?? STATUS_MESSAGES[status] ?? ''
  if (last?.status === status) {
    if (last.message === text) return job
    return { ...job, modified: at, transitions: [...job.transitions.slice(0, -1), { ...last, message: text }] }
  }
  const start = last && last.start > at ? last.start : at
  const closed = last ? [...job.transitions.slice(0, -1), { ...last, end: start }] : []
  return { ...job, modified: start, transitions: [...closed, { status, start, message: text }] }
}

/** The job in one of its final states. */
export function finished(
  job: TrainingJob,
  outcome: { readonly status: 'Completed' | 'Failed' | 'Stopped'; readonly failureReason?: string },
  at: Date,
): TrainingJob {
  const exceeded = outcome.status === 'Stopped' && job.stop === 'maxRuntime'
  const last = withTransition(job, exceeded ? 'MaxRuntimeExceeded' : outcome.status, at)
  const end = last.modified
  const transitions = last.transitions.map((transition) => ({ ...transition, end: transition.end ?? end }))
  return { ...last, ...outcome, transitions, ...(job.trainingStart ? { trainingEnd: end } : {}) }
}

/** No pool is ever kept: an environment is warm by itself. A job that asks for one is told that its pool is gone. */
export function warmPoolStatus(
  job: Pick<TrainingJob, 'status'> & {
    readonly request: { readonly ResourceConfig?: { readonly KeepAlivePeriodInSeconds?: number } }
  },
): 'InUse' | 'Terminated' | undefined {
  if (!job.request.ResourceConfig?.KeepAlivePeriodInSeconds) return undefined
  return isTerminal(job) ? 'Terminated' : 'InUse'
}

export function trainingJobNotFound(): ApiError {
  return validationError('Requested resource not found.')
}

export function trainingJobExists(arn: string): ApiError {
  return new ApiError(
    'ResourceInUse',
    `Training job names must be unique within an AWS account and region, and a training job with this name already exists (${arn})`,
  )
}

/** Stop of a job that has ended, in AWS's words: the SDK tolerates this one. */
export function trainingJobHasEnded(status: TrainingJobStatus): ApiError {
  return validationError(`The request was rejected because the training job is in status ${status}.`)
}

export function trainingJobNotEnded(status: TrainingJobStatus): ApiError {
  return new ApiError('ResourceInUse', `The request was rejected because the training job is in status ${status}.`)
}

/** AWS's sentence; `why` is ours after it, such as that there is no such bucket here. */
export function noObjectsFound(scope: Scope, uri: string, roleArn: string, why?: string): ApiError {
  const bucket = uri.replace(/^s3:\/\//, '').split('/')[0] ?? ''
  return validationError(
    `No S3 objects found under S3 URL "${uri}" given in input data source. Please ensure that the bucket exists in the selected region (${scope.region}), that objects exist under that S3 prefix, and that the role "${roleArn}" has "s3:ListBucket" permissions on bucket "${bucket}".${why === undefined ? '' : ` ${why}`}`,
  )
}
