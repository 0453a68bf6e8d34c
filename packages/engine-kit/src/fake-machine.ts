import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { CollectedOutput, TaskLogLine, TaskSpec, TaskState } from '@sagebrush/core'

export interface FakeTask {
  readonly spec: TaskSpec
  state: TaskState
  readonly lines: TaskLogLine[]
  /** Aborted by `stop`: the task's SIGTERM. */
  readonly stop: AbortController
  graceMs?: number
}

/** What outlives a fake engine: its tasks and their files. */
export class FakeMachine {
  readonly tasks = new Map<string, FakeTask>()
  readonly listeners = new Set<(id: string) => void>()
  #folder: string | undefined
  readonly #snapshots = new Map<Promise<unknown>, string>()

  changed(id: string): void {
    for (const listener of this.listeners) listener(id)
  }

  /** The task's own folder, which stands for `/` in it. */
  folder(id: string): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'sagebrush-fake-'))
    return join(this.#folder, id)
  }

  /** Makes `.tar.gz` files of the given contents. */
  async archive(
    id: string,
    outputs: Readonly<Record<string, Readonly<Record<string, string>>>>,
  ): Promise<readonly CollectedOutput[]> {
    return await Promise.all(
      Object.entries(outputs).map(async ([archive, files]) => {
        const folder = join(this.folder(id), `content of ${archive}`)
        await mkdir(folder, { recursive: true })
        for (const [name, content] of Object.entries(files)) {
          await mkdir(dirname(join(folder, name)), { recursive: true })
          await writeFile(join(folder, name), content)
        }
        return await this.pack(id, archive, folder)
      }),
    )
  }

  /** What the folder holds now; undefined where it is empty. It is copied first, for tar refuses what changes. */
  async snapshot(id: string, archive: string, folder: string): Promise<CollectedOutput | undefined> {
    const taken = this.#snapshot(id, archive, folder)
    this.#snapshots.set(taken, id)
    return await taken.finally(() => this.#snapshots.delete(taken))
  }

  async #snapshot(id: string, archive: string, folder: string): Promise<CollectedOutput | undefined> {
    if ((await readdir(folder).catch(() => [])).length === 0) return undefined
    await mkdir(this.folder(id), { recursive: true })
    const own = await mkdtemp(join(this.folder(id), 'snapshot-'))
    await cp(folder, join(own, 'content'), { recursive: true })
    return await this.pack(id, archive, join(own, 'content'), own)
  }

  async pack(id: string, archive: string, folder: string, into = this.folder(id)): Promise<CollectedOutput> {
    const file = join(into, archive)
    await promisify(execFile)('tar', ['-czf', file, '-C', folder, '.'])
    const bytes = await readFile(file)
    return { archive, file, sizeBytes: bytes.length, md5: createHash('md5').update(bytes).digest('hex') }
  }

  async deleteFiles(id: string): Promise<void> {
    await Promise.allSettled([...this.#snapshots].flatMap(([taken, task]) => (task === id ? [taken] : [])))
    if (this.#folder) await rm(this.folder(id), { recursive: true, force: true })
  }

  /** Deletes every file of it. */
  async dispose(): Promise<void> {
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true })
    this.#folder = undefined
  }
}
