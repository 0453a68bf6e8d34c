import { ApiError, type Scope } from '@sagebrush/core'
import type { SageMakerCollections, SageMakerContext } from './context.ts'
import { DeleteEndpoint } from './endpoint/delete-endpoint.ts'
import { StopTrainingJob } from './training-job/stop-training-job.ts'
import { isTerminal, secondaryStatus } from './training-job/training-job.ts'

/** A training job that has not ended, or an endpoint. */
export interface RunningWork {
  readonly kind: 'training-job' | 'endpoint'
  readonly scope: Scope
  readonly name: string
  readonly status: string
  /** When that status began. */
  readonly since: Date
}

/** Of all accounts and regions, the oldest status first. */
export async function runningWork({ trainingJobs, endpoints }: SageMakerCollections): Promise<readonly RunningWork[]> {
  const found: RunningWork[] = []
  for await (const { scope, name, value } of trainingJobs.each([{ field: 'settled', is: 'equal', value: 0 }])) {
    if (isTerminal(value)) continue
    const since = value.transitions.at(-1)?.start ?? value.created
    found.push({ kind: 'training-job', scope, name, status: secondaryStatus(value), since })
  }
  for await (const { scope, name, value } of endpoints.each()) {
    found.push({ kind: 'endpoint', scope, name, status: value.status, since: value.modified })
  }
  return found.sort((a, b) => a.since.getTime() - b.since.getTime())
}

/** Stops every job and deletes every endpoint, as the API's operations do; resolves once that is written down. */
export async function endWork(
  collections: SageMakerCollections,
  contextIn: (scope: Scope) => SageMakerContext,
): Promise<void> {
  for (const { kind, scope, name } of await runningWork(collections)) {
    try {
      if (kind === 'endpoint') await DeleteEndpoint.handle({ EndpointName: name }, contextIn(scope))
      else await StopTrainingJob.handle({ TrainingJobName: name }, contextIn(scope))
    } catch (error) {
      // It has ended or gone since it was listed.
      if (!(error instanceof ApiError && error.fault === 'client')) throw error
    }
  }
}
