import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  type Engine,
  type ObjectReader,
  type StagedObject,
  StagingError,
  type TaskImage,
  type TaskSpec,
} from '@sagebrush/core'
import { expect } from 'vitest'
import type { Act } from '../acts.ts'
import { allLines, finalState, testSpec, until } from '../testing.ts'

/** One engine under test, which may be closed and opened again over what it left. */
export interface EngineHarness {
  open(objects: ObjectReader): Promise<Engine>
  readonly image: TaskImage
  /** The acts as a command of the image. */
  command(acts: readonly Act[]): readonly string[]
  /** What still bears any task's id: processes, mounts, files. Asked after every test's tasks were removed. */
  leftovers(): Promise<readonly string[]>
  close(): Promise<void>
}

export const run = promisify(execFile)

/** An engine under test, what S3 holds for it, and the tasks that a case has started. */
export class SuiteBench {
  readonly started = new Set<string>()
  readonly stored = new Map<string, readonly StagedObject[]>()
  readonly #makeHarness: () => Promise<EngineHarness>
  #opened: { readonly harness: EngineHarness; readonly folder: string; engine: Engine } | undefined
  readonly #objects: ObjectReader

  constructor(makeHarness: () => Promise<EngineHarness>) {
    this.#makeHarness = makeHarness
    const { stored } = this
    this.#objects = {
      async *read(_, { uri }) {
        const found = stored.get(uri)
        if (!found) throw new StagingError(`Nothing is stored at ${uri}.`)
        yield found
      },
    }
  }

  get engine(): Engine {
    return this.#open.engine
  }

  get harness(): EngineHarness {
    return this.#open.harness
  }

  /** For the files of a case. */
  get folder(): string {
    return this.#open.folder
  }

  get #open() {
    if (!this.#opened) throw new Error('the engine under test is not open')
    return this.#opened
  }

  async open(): Promise<void> {
    const harness = await this.#makeHarness()
    const [folder, engine] = [await mkdtemp(join(tmpdir(), 'engine-suite-')), await harness.open(this.#objects)]
    this.#opened = { harness, folder, engine }
  }

  /** The engine is closed, and another one opened over what it left. */
  async reopen(): Promise<void> {
    await this.engine.close()
    this.#open.engine = await this.harness.open(this.#objects)
  }

  /** Removes the tasks of a case; nothing of them may be left. */
  async clear(): Promise<void> {
    for (const id of this.started) await this.engine.remove(id)
    this.started.clear()
    expect(await this.engine.list()).toEqual([])
    expect(await this.harness.leftovers()).toEqual([])
  }

  async close(): Promise<void> {
    if (!this.#opened) return
    const { engine, harness, folder } = this.#opened
    await engine.close()
    await harness.close()
    await rm(folder, { recursive: true, force: true })
  }

  async store(uri: string, contents: Readonly<Record<string, string | Buffer>>): Promise<void> {
    const base = join(this.folder, createHash('md5').update(uri).digest('hex'))
    await mkdir(base)
    const entries = Object.entries(contents).map(async ([name, content], index) => {
      const path = join(base, String(index))
      await writeFile(path, content)
      return { name, path, sizeBytes: Buffer.byteLength(content) }
    })
    this.stored.set(uri, await Promise.all(entries))
  }

  async start(acts: readonly Act[], more: Partial<TaskSpec> = {}): Promise<string> {
    const spec = testSpec(this.harness.image, this.harness.command(acts), more)
    this.started.add(spec.id)
    await this.engine.start(spec)
    return spec.id
  }

  async ended(id: string) {
    const state = await finalState(this.engine, id)
    if (state.phase === 'failed') throw new Error(state.message)
    return state
  }

  async messages(id: string): Promise<readonly string[]> {
    return (await allLines(this.engine, id)).lines.map(({ message }) => message)
  }

  async printed(id: string, line: string): Promise<void> {
    await until(`"${line}" in the log`, async () => ((await this.messages(id)).includes(line) ? true : undefined))
  }
}
