import { ApiError, type Scope } from '@sagebrush/core'
import type { SageMakerCollections, SageMakerContext } from './context.ts'
import { DeleteEndpoint } from './endpoint/delete-endpoint.ts'
import { type Endpoint, instancesOf } from './endpoint/endpoint.ts'
import type { HealthChecks, PingWait } from './endpoint/health-checks.ts'
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
  /** The instance of an endpoint that is waited for the longest, where one has not answered `/ping` by 200 yet. */
  readonly ping?: PingWait
}

/** Of all accounts and regions, the oldest status first. */
export async function runningWork(
  { trainingJobs, endpoints }: SageMakerCollections,
  health: Pick<HealthChecks, 'waiting'>,
): Promise<readonly RunningWork[]> {
  const found: RunningWork[] = []
  for await (const { scope, name, value } of trainingJobs.each([{ field: 'settled', is: 'equal', value: 0 }])) {
    if (isTerminal(value)) continue
    const since = value.transitions.at(-1)?.start ?? value.created
    found.push({ kind: 'training-job', scope, name, status: secondaryStatus(value), since })
  }
  for await (const { scope, name, value } of endpoints.each()) {
    const ping = longestWait(value, health)
    found.push({ kind: 'endpoint', scope, name, status: value.status, since: value.modified, ...(ping && { ping }) })
  }
  return found.sort((a, b) => a.since.getTime() - b.since.getTime())
}

function longestWait({ current, next }: Endpoint, health: Pick<HealthChecks, 'waiting'>): PingWait | undefined {
  const waits = [current, next].flatMap(instancesOf).flatMap(({ taskId }) => health.waiting(taskId) ?? [])
  return waits.sort((a, b) => a.since.getTime() - b.since.getTime())[0]
}

/** Stops every job and deletes every endpoint, as the API's operations do; resolves once that is written down. */
export async function endWork(
  collections: SageMakerCollections,
  health: Pick<HealthChecks, 'waiting'>,
  contextIn: (scope: Scope) => SageMakerContext,
): Promise<void> {
  for (const { kind, scope, name } of await runningWork(collections, health)) {
    try {
      if (kind === 'endpoint') await DeleteEndpoint.handle({ EndpointName: name }, contextIn(scope))
      else await StopTrainingJob.handle({ TrainingJobName: name }, contextIn(scope))
    } catch (error) {
      // It has ended or gone since it was listed.
      if (!(error instanceof ApiError && error.fault === 'client')) throw error
    }
  }
}
