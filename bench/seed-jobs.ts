import { join } from 'node:path'
import type { Scope } from '@sagebrush/core'
import { openStore } from '@sagebrush/store-sqlite'
import { type TrainingJob, trainingJobSpec } from '../packages/sagemaker/src/training-job/training-job.ts'

export const firstCreated = Date.UTC(2025, 0, 1)
const minuteMs = 60_000
const statuses = ['Completed', 'Failed', 'Stopped'] as const

/**
 * Writes `count` finished jobs beside the one that is there, through the store's own port, with the server down. Names,
 * times and statuses are spread so that no order of one is the order of another.
 */
export async function seedJobs(home: string, scope: Scope, like: string, count: number): Promise<void> {
  const store = await openStore({ path: join(home, 'store', 'state.db') })
  try {
    const jobs = store.collection(trainingJobSpec)
    const model = (await jobs.get(scope, like))?.value
    if (!model) throw new Error(`the job ${like} is not in the store`)
    for (let from = 0; from < count; from += 1000) {
      const batch = Array.from({ length: Math.min(1000, count - from) }, (_, index) =>
        variant(model, from + index, count),
      )
      await Promise.all(batch.map((job) => jobs.insert(scope, job.name, job)))
    }
  } finally {
    await store.close()
  }
}

export function jobName(index: number): string {
  return `job-${(Math.imul(index, 2_654_435_761) >>> 0).toString(36).padStart(7, '0')}-${index}`
}

function variant(model: TrainingJob, index: number, count: number): TrainingJob {
  const name = jobName(index)
  const created = new Date(firstCreated + index * minuteMs)
  const shuffled = (index * 7919) % count
  const { KeepAlivePeriodInSeconds: _, ...resources } = model.request.ResourceConfig ?? {}
  return {
    ...model,
    name,
    arn: model.arn.replace(/[^/]+$/, name),
    created,
    modified: new Date(firstCreated + shuffled * minuteMs + 1),
    status: statuses[index % statuses.length] ?? 'Completed',
    request: {
      ...model.request,
      TrainingJobName: name,
      ResourceConfig: {
        ...resources,
        ...(index % 10 === 0 && { KeepAlivePeriodInSeconds: 60 }),
        ...(index % 20 === 0 && { TrainingPlanArn: planArn }),
      },
    },
  }
}

export const planArn = 'arn:aws:sagemaker:us-east-1:123456789012:training-plan/bench'
