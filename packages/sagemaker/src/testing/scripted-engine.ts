import type { CollectedOutput, Engine, TaskExit, TaskLogLine, TaskSpec, TaskState } from '@sagebrush/core'

interface Task {
  readonly spec: TaskSpec
  state: TaskState
  readonly lines: TaskLogLine[]
  stoppedWithMs: number | undefined
}

/**
 * An engine whose tasks do what the test says, one state at a time: the one way to look at every step between two
 * states. What it holds outlives every reconciler, as real tasks outlive the server.
 */
export class ScriptedEngine implements Engine {
  readonly name = 'scripted'
  readonly started: TaskSpec[] = []
  readonly tasks = new Map<string, Task>()
  refusal: string | undefined
  /** What a task does first; staging, where unset. */
  first: TaskState | undefined
  readonly #listeners = new Set<(id: string) => void>()
  readonly #now: () => Date

  constructor(now: () => Date) {
    this.#now = now
  }

  async refuses(): Promise<string | undefined> {
    return this.refusal
  }

  async start(spec: TaskSpec): Promise<void> {
    if (this.tasks.has(spec.id)) return
    this.started.push(structuredClone(spec))
    this.tasks.set(spec.id, {
      spec,
      state: this.first ?? { phase: 'staging', since: this.#now() },
      lines: [],
      stoppedWithMs: undefined,
    })
    this.#hint(spec.id)
  }

  async observe(id: string): Promise<TaskState> {
    return this.tasks.get(id)?.state ?? { phase: 'absent' }
  }

  async stop(id: string, graceMs: number): Promise<void> {
    const task = this.tasks.get(id)
    if (task) task.stoppedWithMs = graceMs
  }

  async logs(id: string, cursor: string | undefined): Promise<{ lines: readonly TaskLogLine[]; cursor: string }> {
    const lines = this.tasks.get(id)?.lines ?? []
    const from = Number(cursor ?? 0)
    // Two at a time, so that one pass has to ask more than once.
    const page = lines.slice(from, from + 2)
    return { lines: page, cursor: String(from + page.length) }
  }

  async remove(id: string): Promise<void> {
    this.tasks.delete(id)
  }

  async list(): Promise<readonly string[]> {
    return [...this.tasks.keys()]
  }

  watch(listener: (id: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {}

  set(id: string, state: TaskState): void {
    const task = this.tasks.get(id)
    if (!task) throw new Error(`no task ${id}`)
    task.state = state
    this.#hint(id)
  }

  print(id: string, ...messages: string[]): void {
    const task = this.tasks.get(id)
    if (!task) throw new Error(`no task ${id}`)
    task.lines.push(...messages.map((message) => ({ timestamp: this.#now(), message })))
    this.#hint(id)
  }

  run(id: string): void {
    this.set(id, { phase: 'running', started: this.#now() })
  }

  end(
    id: string,
    end: {
      exit?: Partial<TaskExit>
      outputs?: readonly CollectedOutput[]
      failure?: string
      outputError?: string
    } = {},
  ): void {
    const task = this.tasks.get(id)
    const at = this.#now()
    const started = task && 'started' in task.state ? task.state.started : at
    this.set(id, {
      phase: 'ended',
      exit: { code: 0, outOfMemory: false, stopped: task?.stoppedWithMs !== undefined, ...end.exit },
      lastLines: task?.lines.slice(-20).map(({ message }) => message) ?? [],
      outputs: end.outputs ?? [],
      started,
      collectingSince: at,
      ended: at,
      ...(end.failure === undefined ? {} : { failure: end.failure }),
      ...(end.outputError === undefined ? {} : { outputError: end.outputError }),
    })
  }

  #hint(id: string): void {
    for (const listener of this.#listeners) listener(id)
  }
}
