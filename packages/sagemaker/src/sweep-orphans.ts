import type { Engine } from '@sagebrush/core'
import type { SageMakerCollections } from './context.ts'
import { instancesOf } from './endpoint/endpoint.ts'
import { allTaskIds } from './training-job/training-job.ts'

/**
 * Removes the tasks of this service that no row knows any more: their job was deleted, and the server died before it
 * had removed them. The engine is asked first: a task that begins meanwhile has its row already, and is not in the list.
 */
export async function sweepOrphans(engine: Engine, rows: SageMakerCollections): Promise<void> {
  const orphans = new Set((await engine.list()).filter((id) => id.startsWith('tj-') || id.startsWith('ep-')))
  if (orphans.size === 0) return
  for await (const { value: job } of rows.trainingJobs.each([{ field: 'settled', is: 'equal', value: 0 }])) {
    for (const id of allTaskIds(job)) orphans.delete(id)
  }
  for await (const { value: endpoint } of rows.endpoints.each()) {
    for (const instance of [...instancesOf(endpoint.current), ...instancesOf(endpoint.next), ...endpoint.retired]) {
      orphans.delete(instance.taskId)
    }
  }
  await Promise.all([...orphans].map((id) => engine.remove(id)))
}
