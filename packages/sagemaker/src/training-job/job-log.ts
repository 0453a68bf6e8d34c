import type { Scope } from '@sagebrush/core'
import { imageNote } from '../image-note.ts'
import type { LogTarget } from '../log-pump.ts'
import type { TrainingJob } from './training-job.ts'

export const TRAINING_LOG_GROUP = '/aws/sagemaker/TrainingJobs'

/** `<job>/algo-N-<epoch milliseconds>`; an attempt after an internal error has streams of its own, as a new epoch would. */
export function logStream(job: TrainingJob, host: string): string {
  const stamp = job.logStamp ?? Math.floor(job.created.getTime() / 1000)
  return `${job.name}/${host}-${stamp + job.formerAttempts.length}`
}

export function logTarget(scope: Scope, job: TrainingJob, host: string): LogTarget {
  const { image, request } = job
  const header = [imageNote(image, request.AlgorithmSpecification?.TrainingImage ?? '')]
  if (request.EnableNetworkIsolation) {
    header.push('Sagebrush: EnableNetworkIsolation has no effect here: the job can use the network of this machine')
  }
  if (job.roleCreated) {
    header.push(
      `Sagebrush: the execution role ${request.RoleArn} did not exist and was created, trusted by sagemaker.amazonaws.com`,
    )
  }
  return { scope, group: TRAINING_LOG_GROUP, stream: logStream(job, host), created: job.created, header }
}
