import type { CollectedOutput, Engine, TaskExit, TaskImage, TaskSpec, TaskState } from '@sagebrush/core'
// biome-ignore lint/style/noRestrictedImports: the reference engine, for tests only
import { type FakeEngine, fakeEngine } from '@sagebrush/engine-kit'

/**
 * The reference engine, told by the test what is seen of each task: any state at any time, so that every step between
 * two states can be looked at. What it holds outlives every reconciler, as real tasks outlive the server.
 */
export class ScriptedEngine implements Engine {
  readonly name = 'scripted'
  readonly started: TaskSpec[] = []
  refusal: string | undefined
  /** What a task does first; staging, where unset. */
  first: TaskState | undefined
  readonly #fake: FakeEngine
  readonly #now: () => Date

  constructor(now: () => Date) {
    this.#now = now
    this.#fake = fakeEngine({ now, refuses: () => this.refusal })
  }

  /** What stands for `/` in the task. */
  folder(id: string): string {
    return this.#fake.machine.folder(id)
  }

  /** Deletes the tasks' files. */
  dispose(): Promise<void> {
    return this.#fake.machine.dispose()
  }

  get tasks(): FakeEngine['machine']['tasks'] {
    return this.#fake.machine.tasks
  }

  networkInterface(image: TaskImage): string {
    return this.#fake.networkInterface(image)
  }

  refuses(spec: Parameters<Engine['refuses']>[0]): Promise<string | undefined> {
    return this.#fake.refuses(spec)
  }

  async start(spec: TaskSpec): Promise<void> {
    if (!this.tasks.has(spec.id)) this.started.push(structuredClone(spec))
    await this.#fake.start(spec)
    const task = this.tasks.get(spec.id)
    if (task && this.first) task.state = this.first
  }

  observe(id: string): Promise<TaskState> {
    return this.#fake.observe(id)
  }

  stop(id: string, graceMs: number): Promise<void> {
    return this.#fake.stop(id, graceMs)
  }

  /** Two lines at a time, so that one pass has to ask more than once. */
  async logs(id: string, cursor: string | undefined): ReturnType<Engine['logs']> {
    const { lines } = await this.#fake.logs(id, cursor)
    const page = lines.slice(0, 2)
    return { lines: page, cursor: String(Number(cursor ?? 0) + page.length) }
  }

  snapshot(id: string, archive: string): Promise<CollectedOutput | undefined> {
    return this.#fake.snapshot(id, archive)
  }

  remove(id: string): Promise<void> {
    return this.#fake.remove(id)
  }

  list(): Promise<readonly string[]> {
    return this.#fake.list()
  }

  watch(listener: (id: string) => void): () => void {
    return this.#fake.watch(listener)
  }

  close(): Promise<void> {
    return this.#fake.close()
  }

  set(id: string, state: TaskState): void {
    const task = this.tasks.get(id)
    if (!task) throw new Error(`no task ${id}`)
    task.state = state
    this.#fake.machine.changed(id)
  }

  stoppedWithMs(id: string): number | undefined {
    return this.#fake.stopRequested(id)
  }

  print(id: string, ...messages: string[]): void {
    for (const message of messages) this.#fake.log(id, message)
  }

  run(id: string): void {
    this.set(id, { phase: 'running', started: this.#now() })
  }

  end(
    id: string,
    end: {
      exit?: Partial<TaskExit>
      outputs?: readonly CollectedOutput[]
      interruption?: string
      failure?: string
      outputError?: string
    } = {},
  ): void {
    const task = this.tasks.get(id)
    const at = this.#now()
    const started = task && 'started' in task.state ? task.state.started : at
    this.set(id, {
      phase: 'ended',
      exit: { code: 0, outOfMemory: false, stopped: this.stoppedWithMs(id) !== undefined, ...end.exit },
      lastLines: task?.lines.slice(-20).map(({ message }) => message) ?? [],
      outputs: end.outputs ?? [],
      started,
      collectingSince: at,
      ended: at,
      ...(end.interruption === undefined ? {} : { interruption: end.interruption }),
      ...(end.failure === undefined ? {} : { failure: end.failure }),
      ...(end.outputError === undefined ? {} : { outputError: end.outputError }),
    })
  }
}
