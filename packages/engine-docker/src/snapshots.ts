import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CollectedOutput, TaskSpec } from '@sagebrush/core'
import { readSpec } from '@sagebrush/task-folder'
import { EngineApiError } from './engine-api.ts'
import type { FinishParts } from './finish.ts'
import { containerName, dockerFiles } from './options.ts'

type SnapshotParts = Pick<FinishParts, 'api' | 'options' | 'worker'>

/** Archives of outputs of containers that run. */
export class Snapshots {
  readonly #parts: SnapshotParts
  readonly #under = new Map<Promise<unknown>, string>()

  constructor(parts: SnapshotParts) {
    this.#parts = parts
  }

  /** Undefined where the folder is empty or not there, or the task goes away meanwhile. */
  async take(spec: TaskSpec, archive: string): Promise<CollectedOutput | undefined> {
    const taken = this.#take(spec, archive)
    this.#under.set(taken, spec.id)
    return await taken.finally(() => this.#under.delete(taken))
  }

  /** Resolves once nothing writes into the task's folder any more; its container is gone by then. */
  async settled(id: string): Promise<void> {
    await Promise.allSettled([...this.#under].flatMap(([taken, task]) => (task === id ? [taken] : [])))
  }

  async #take(spec: TaskSpec, archive: string): Promise<CollectedOutput | undefined> {
    const { api, options, worker } = this.#parts
    const output = spec.outputs.find((one) => one.archive === archive)
    if (!output) throw new TypeError(`the task ${spec.id} has no output "${archive}"`)
    const own = await mkdtemp(join(dockerFiles(options.root, spec.id).folder, 'snapshot-'))
    const file = join(own, archive)
    const container = containerName(options.root, spec.id)
    try {
      const { path } = output
      const made = await worker.collect({ address: api.address, container, path, file, scratch: `${file}.copy` })
      if (made.members > 0) return { archive, file, sizeBytes: made.sizeBytes, md5: made.md5 }
    } catch (error) {
      const isGone = error instanceof EngineApiError && error.status === 404
      if (!isGone && (await readSpec(options.root, spec.id))) throw error
    }
    await rm(own, { recursive: true, force: true })
    return undefined
  }
}
