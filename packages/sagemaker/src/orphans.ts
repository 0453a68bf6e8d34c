import type { Engine } from '@sagebrush/core'
import type { SageMakerCollections } from './context.ts'
import { instancesOf } from './endpoint/endpoint.ts'
import { allTaskIds } from './training-job/training-job.ts'

/**
 * The tasks of this service that no row knows any more: their job was deleted, and the server died before it
 * had removed them. The engine is asked first: a task that begins meanwhile has its row already, and is not in the list.
 */
export async function orphans(engine: Engine, rows: SageMakerCollections): Promise<ReadonlySet<string>> {
  const found = new Set((await engine.list()).filter((id) => id.startsWith('tj-') || id.startsWith('ep-')))
  if (found.size === 0) return found
  for await (const { value: job } of rows.trainingJobs.each([{ field: 'settled', is: 'equal', value: 0 }])) {
    for (const id of allTaskIds(job)) found.delete(id)
  }
  for await (const { value: endpoint } of rows.endpoints.each()) {
    for (const instance of [...instancesOf(endpoint.current), ...instancesOf(endpoint.next), ...endpoint.retired]) {
      found.delete(instance.taskId)
    }
  }
  return found
}
