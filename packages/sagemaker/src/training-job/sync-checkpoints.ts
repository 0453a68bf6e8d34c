import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Engine, Objects, Scope } from '@sagebrush/core'
import type { SageMakerConfig } from '../config.ts'
import type { SageMakerCollections } from '../context.ts'
import { hintKey } from '../resource-key.ts'
import { folderUri } from './inputs.ts'
import { archivedFiles, isInside } from './tar.ts'
import { isTerminal, type TrainingJob, taskId } from './training-job.ts'
import { CHECKPOINT_ARCHIVE } from './training-task.ts'

type Syncing = Pick<SageMakerCollections, 'trainingJobs'> & {
  readonly engine: Pick<Engine, 'snapshot'>
  readonly objects: Objects
  readonly config: Pick<SageMakerConfig, 'checkpointSyncMs'>
}

/** Archiving takes at most this part of the time, however large the checkpoints are. */
const SHARE_OF_TIME = 0.1

interface Followed {
  readonly attempt: string
  readonly abort: AbortController
  /** Digest of each file as it was stored last, by host and name. */
  readonly stored: Map<string, string>
  nextAt: number
  /** While objects are written. */
  storing: Promise<void> | undefined
}

/** Stores the checkpoints of jobs that run, as SageMaker does, beside their reconciler and never in its way. */
export class CheckpointSync {
  readonly #ctx: Syncing
  readonly #jobs = new Map<string, Followed>()

  constructor(ctx: Syncing) {
    this.#ctx = ctx
  }

  /** Stores what has changed where it is time to. Resolves to the delay to the next look; undefined once it is over. */
  async step(scope: Scope, name: string): Promise<number | undefined> {
    const key = hintKey('training-job', scope, name)
    const early = (this.#jobs.get(key)?.nextAt ?? 0) - performance.now()
    if (early > 0) return early
    const job = (await this.#ctx.trainingJobs.get(scope, name))?.value
    if (!job?.request.CheckpointConfig || isTerminal(job)) {
      this.#jobs.delete(key)
      return undefined
    }
    const followed = this.#follow(key, job)
    const began = performance.now()
    if (began < followed.nextAt) return followed.nextAt - began
    try {
      await this.#store(scope, job, followed)
    } finally {
      const took = performance.now() - began
      followed.nextAt = performance.now() + Math.max(this.#ctx.config.checkpointSyncMs, took / SHARE_OF_TIME - took)
    }
    return followed.abort.signal.aborted ? undefined : Math.max(1, followed.nextAt - performance.now())
  }

  /**
   * Breaks off: once it resolves, no older checkpoint can take the place of what the job's end stores. An archive that
   * is being made is not waited for.
   */
  async end(scope: Scope, name: string): Promise<void> {
    const key = hintKey('training-job', scope, name)
    const followed = this.#jobs.get(key)
    this.#jobs.delete(key)
    followed?.abort.abort()
    await followed?.storing?.catch(() => undefined) // told by the step
  }

  #follow(key: string, job: TrainingJob): Followed {
    const known = this.#jobs.get(key)
    if (known?.attempt === job.attempt) return known
    const nextAt = performance.now() + this.#ctx.config.checkpointSyncMs
    const followed: Followed = {
      attempt: job.attempt,
      abort: new AbortController(),
      stored: new Map(),
      nextAt,
      storing: undefined,
    }
    this.#jobs.set(key, followed)
    return followed
  }

  async #store(scope: Scope, job: TrainingJob, followed: Followed): Promise<void> {
    const uri = job.request.CheckpointConfig?.S3Uri
    if (uri === undefined) return
    for (const host of job.hosts) {
      const { signal } = followed.abort
      if (signal.aborted) return
      const taken = await this.#ctx.engine.snapshot(taskId(job.attempt, host.name), CHECKPOINT_ARCHIVE)
      if (!taken) continue
      try {
        if (signal.aborted) return
        followed.storing = this.#storeChanged(scope, folderUri(uri), host.name, taken.file, signal, followed.stored)
        await followed.storing
      } catch (error) {
        if (!signal.aborted) throw error
      } finally {
        followed.storing = undefined
        await rm(taken.file, { force: true })
      }
    }
  }

  async #storeChanged(
    scope: Scope,
    prefix: string,
    host: string,
    archive: string,
    signal: AbortSignal,
    stored: Map<string, string>,
  ): Promise<void> {
    const single = `${archive}.single`
    // Of a server that was killed: it may be an object's bytes by now, which must not be written over.
    await rm(single, { force: true })
    try {
      for await (const { name, content } of archivedFiles(archive)) {
        if (!isInside(name)) continue
        const hash = createHash('sha256')
        const digesting = async function* () {
          for await (const bytes of content()) {
            hash.update(bytes)
            yield bytes
          }
        }
        await pipeline(digesting(), createWriteStream(single), { signal })
        const digest = hash.digest('hex')
        if (stored.get(`${host}/${name}`) === digest) continue
        await this.#ctx.objects.putFile(scope, `${prefix}${name}`, single, 'application/octet-stream')
        stored.set(`${host}/${name}`, digest)
      }
    } finally {
      await rm(single, { force: true })
    }
  }
}
