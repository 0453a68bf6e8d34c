import { access } from 'node:fs/promises'
import { ApiError, type CollectedOutput, DiskFull, type Scope, StagingError, type TaskState } from '@sagebrush/core'
import type { Reconciling } from '../reconciling.ts'
import { outputUri, type TrainingJob } from './training-job.ts'
import { MODEL_ARCHIVE, OUTPUT_ARCHIVE } from './training-task.ts'

/**
 * Stores what the tasks left. Resolves to a text for FailureReason where that cannot succeed, to undefined when all
 * is stored; throws what another try may mend. May be repeated: an archive whose file was taken over already is there.
 */
export async function storeOutputs(
  ctx: Pick<Reconciling, 'objects'>,
  scope: Scope,
  job: TrainingJob,
  states: readonly TaskState[],
): Promise<string | undefined> {
  const ended = states.flatMap((state) => (state.phase === 'ended' ? [state] : []))
  const incomplete = ended.find((state) => state.outputError !== undefined)
  try {
    for (const archive of [MODEL_ARCHIVE, OUTPUT_ARCHIVE]) {
      const parts = ended.flatMap((state) => state.outputs.filter((output) => output.archive === archive))
      await storeArchive(ctx, scope, outputUri(job, archive), parts)
    }
  } catch (error) {
    if (isForUser(error)) return error.message
    throw error
  }
  return incomplete?.outputError
}

function isForUser(error: unknown): error is Error {
  return (
    error instanceof StagingError ||
    error instanceof DiskFull ||
    (error instanceof ApiError && error.fault === 'client')
  )
}

async function storeArchive(
  ctx: Pick<Reconciling, 'objects'>,
  scope: Scope,
  uri: string,
  parts: readonly CollectedOutput[],
): Promise<void> {
  const [first] = parts
  if (!first) return
  if (!(await exists(first.file)) && (await ctx.objects.has(scope, { kind: 'object', uri }))) return
  await ctx.objects.putFile(scope, uri, first.file, 'application/x-tar')
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
