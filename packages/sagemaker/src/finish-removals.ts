import { setTimeout as delay } from 'node:timers/promises'
import type { SageMakerCollections } from './context.ts'
import { isTerminal } from './training-job/training-job.ts'

const LOOK_AGAIN_MS = 10

/**
 * Resolves once no deleted endpoint and no ended job has a task left, or after `patienceMs`. A server that closes
 * in between leaves them to the next one; but where there is none (a demo, a CI job), they would stay on the machine.
 */
export async function finishRemovals(collections: SageMakerCollections, patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (performance.now() < deadline && (await isRemoving(collections))) await delay(LOOK_AGAIN_MS)
}

async function isRemoving({ endpoints, trainingJobs }: SageMakerCollections): Promise<boolean> {
  for await (const _ of endpoints.each([{ field: 'status', is: 'equal', value: 'Deleting' }])) return true
  for await (const { value } of trainingJobs.each([{ field: 'settled', is: 'equal', value: 0 }])) {
    if (isTerminal(value)) return true
  }
  return false
}
