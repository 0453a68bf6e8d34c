import { createWriteStream } from 'node:fs'
import { access, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { ApiError, type CollectedOutput, DiskFull, type Scope, StagingError, type TaskState } from '@sagebrush/core'
import type { Reconciling } from '../reconciling.ts'
import { folderUri } from './inputs.ts'
import { archivedFiles, isInside, mergeArchives } from './tar.ts'
import { modelArtifacts, outputUri, type TrainingJob } from './training-job.ts'
import { CHECKPOINT_ARCHIVE, MODEL_ARCHIVE, OUTPUT_ARCHIVE } from './training-task.ts'

type Storing = Pick<Reconciling, 'objects'>

const GZIP = 'application/x-tar'
const BYTES = 'application/octet-stream'

/**
 * Stores what the tasks left. Resolves to a text for FailureReason where that cannot succeed, to undefined when all
 * is stored; throws what another try may mend. May be repeated: what is stored again has the same bytes, and an
 * archive whose file was taken over is there already.
 */
export async function storeOutputs(
  ctx: Storing,
  scope: Scope,
  job: TrainingJob,
  states: readonly TaskState[],
): Promise<string | undefined> {
  const ended = states.flatMap((state) => (state.phase === 'ended' ? [state] : []))
  const partsOf = (archive: string) =>
    ended.flatMap((state) => state.outputs.filter((output) => output.archive === archive))
  const checkpoints = job.request.CheckpointConfig
  try {
    if (job.request.OutputDataConfig.CompressionType === 'NONE') {
      await storeFiles(ctx, scope, modelArtifacts(job), partsOf(MODEL_ARCHIVE))
      await storeFiles(ctx, scope, outputUri(job, 'data/'), partsOf(OUTPUT_ARCHIVE))
    } else {
      await storeArchive(ctx, scope, outputUri(job, MODEL_ARCHIVE), partsOf(MODEL_ARCHIVE))
      await storeArchive(ctx, scope, outputUri(job, OUTPUT_ARCHIVE), partsOf(OUTPUT_ARCHIVE))
    }
    if (checkpoints) await storeFiles(ctx, scope, folderUri(checkpoints.S3Uri), partsOf(CHECKPOINT_ARCHIVE))
  } catch (error) {
    if (isForUser(error)) return error.message
    throw error
  }
  return ended.find((state) => state.outputError !== undefined)?.outputError
}

function isForUser(error: unknown): error is Error {
  if (error instanceof StagingError || error instanceof DiskFull) return true
  return error instanceof ApiError && error.fault === 'client'
}

/** One archive; of several hosts, one with all their files. */
async function storeArchive(ctx: Storing, scope: Scope, uri: string, parts: readonly CollectedOutput[]): Promise<void> {
  const [first] = parts
  if (!first) return
  if (parts.length > 1) {
    const merged = `${first.file}.merged`
    await removeFormer(merged)
    await mergeArchives(
      parts.map(({ file }) => file),
      merged,
    )
    await ctx.objects.putFile(scope, uri, merged, GZIP)
  } else if ((await exists(first.file)) || !(await ctx.objects.has(scope, { kind: 'object', uri }))) {
    await ctx.objects.putFile(scope, uri, first.file, GZIP)
  }
}

/** Every file of the archives by itself, below the prefix. */
async function storeFiles(
  ctx: Storing,
  scope: Scope,
  prefix: string,
  parts: readonly CollectedOutput[],
): Promise<void> {
  for (const { file } of parts) {
    for await (const { name, content } of archivedFiles(file)) {
      if (!isInside(name)) throw new StagingError(`The file name "${name}" leads out of its folder`)
      const single = `${file}.single`
      await removeFormer(single)
      await pipeline(content, createWriteStream(single))
      await ctx.objects.putFile(scope, `${prefix}${name}`, single, BYTES)
    }
  }
}

/** Of a try that was killed: it may be an object's bytes by now, which must not be written over. */
async function removeFormer(file: string): Promise<void> {
  await rm(file, { force: true })
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
